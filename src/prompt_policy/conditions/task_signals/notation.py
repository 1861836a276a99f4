"""Mathematics as it is written: formulas, arithmetic, percentages."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.task_signals.signal import Signal, characters, phrases, shapes

_NUMBER: Final = r"\d[\d,./]{0,12}"
_NUMERAL: Final = "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|fifty|hundred)"
_NUMERAL_ZH: Final = "一二三四五六七八九十"

NOTATION: Final[tuple[Signal, ...]] = (
    shapes(
        "latex",
        r"\\(?:[dt]?frac|sqrt|sum|int|lim|left|cdot|times|pi|sin|cos|tan|log|ln|vec|mathrm|angle|triangle|leq?|geq?"
        r"|forall|exists|wedge|cap|cup|boxed|infty|alpha|beta|theta)\b",
        math=4,
    ),
    shapes("latex stripped", "fracsqrt", r"frac\w?\d", "infty", "overrightarrow", "leqslant", "geqslant", math=3),
    shapes(
        "equation",
        r"\b(?:\d{0,4}[a-z]\s?[=<>≤≥]\s?[-−(|√]?\s?(?:\d|[a-z]\b)"
        r"|\d{0,3}[a-z]\s?(?:\^|²|³)"
        r"|\d{1,4}\s?[xyzabn]\s?[-+−=^<>≤≥]\s?\d"
        r"|[xyzabn]\s?[-+−]\s?(?:\d{1,4}|\d{0,3}[xyzabn])\s?(?:[=<>≤≥)|,，]|\Z)"
        r"|d[yf]?/d[xt]\b"
        r"|let\s[a-z]\sbe\s"
        r"|[fgh]['′]?\s?\(\s?-?(?:x|n|t|\d{1,3})\s?\))",
        math=4,
    ),
    shapes(
        "function of an angle",
        r"(?:sin|cos|tan|cot|sec|csc|ln|log)(?:\s?[(²^\d]|\s?[xθαβ]\b|\s(?:alpha|beta|theta))",
        math=4,
    ),
    shapes("symbol", *"√∫∑∞∠π∩∪²³±≤≥°", math=3),
    shapes(
        "arithmetic",
        r"\d(?:\s?[+*×÷^]\s?\(?\d|\s?\)\s?[-+*/×÷]\s?\d|\s?[-+*/×÷]\s?\(\s?-?\d|\s[-−/x]\s\d|\s?/\s?\d{1,6}\s?[-+*×÷]"
        r"|!(?!\w)|\s?(?:加|减|乘|除以|的平方(?!米)|的立方(?!米)|的?\d{0,5}次方|的\d{1,3}%|的阶乘)"
        r"|\s(?:plus|minus|times|over|mod(?:ulo)?|choose|squared|cubed|factorial|go(?:es)?\sinto)\b"
        r"|\s(?:divided\sby|multiplied\sby|to\sthe\spower))",
        math=4,
    ),
    phrases(
        "arithmetic in words",
        f"{_NUMERAL} (?:plus|minus|divided by|multiplied by); (?:multiply|divide|subtract) [0-9]{{1,12}};"
        "(?:half|third|quarter|double) of [0-9]{1,9}",
        math=4,
    ),
    characters(
        "arithmetic in characters",
        " ".join(f"{digit}(?:加上?|减去?|乘以|除以)[{_NUMERAL_ZH}]" for digit in _NUMERAL_ZH),
        math=4,
    ),
    shapes("expression alone", r"\A\s{0,9}[-\d(√][-\d\s+*/×÷^().,%√x]{2,200}=?\s?[?？]?\s{0,9}\Z", math=2),
    shapes("fraction", r"\d/\d{1,4}(?:\s(?:of\s(?:a\s)?\$?\d|as\sa|to\sa|in\slowest)|\s?(?:是|等于|化成|转))", math=3),
    characters("fraction in characters", r"分之[一二三四五六七八九十\d]", math=3),
    shapes(
        "percentage of a number",
        r"\d\s?(?:%|percent\b)(?:\s(?:tip|discount|tax|interest))?\s(?:of|off|on|from)\s(?:of\s|a\s|an\s|the\s){0,2}\$?\d",
        math=4,
    ),
    shapes("two percentages", r"\d\s?%[^\d\n]{1,20}\d{1,3}\s?%", math=1.5),
    shapes(
        "percentage",
        r"\d\s?(?:%|percent\b)\s?(?:of|off|tip|discount|increase|interest|less|more|raise|tax|commission|growth|annual|的)",
        math=2,
    ),
    shapes("rate", r"at\s\d{1,2}(?:\.\d{1,3})?\s?%", "百分之", "[打一二三四五六七八九]折", math=2),
    shapes("asks for a result", r"=\s?(?:[?？(（]|\Z)", r"等于(?:多少|几)", "到底等于", r"得(?:多少|几)", math=3),
    shapes(
        "two numbers to compare",
        rf"\d\s?(?:和|与|跟|或|还是|,|、|or|and|vs\.?)\s?{_NUMBER}\s?[,，]?\s?"
        r"(?:哪个|哪一个|谁|which|bigger|larger|greater)",
        math=4,
    ),
    shapes(
        "comparison of a number",
        rf"(?:bigger|larger|greater|smaller),?\s(?:than\s|number:?\s|-\s)?{_NUMBER}(?:\s|\?|\Z)",
        math=4,
    ),
)
