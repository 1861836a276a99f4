"""Notation of mathematics: formulas, arithmetic, percentages."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases, notation

_NUMBER: Final = r"\d[\d,./]{0,12}"
_NUMERAL: Final = (
    "(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|"
    "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?: (?:one|two|three|four|five|six|seven|eight|nine))?"
    "|hundred)"
)
_NUMERAL_ZH: Final = "一二三四五六七八九十"

NOTATION: Final[tuple[Signal, ...]] = (
    notation(
        "latex",
        r"\\(?:[dt]?frac|sqrt|sum|int|lim|left|cdot|times|pi|sin|cos|tan|log|ln|vec|mathrm|angle|triangle|leq?|geq?"
        r"|forall|exists|wedge|cap|cup|boxed|infty|alpha|beta|theta)\b",
        math=4,
    ),
    notation("latex stripped", "fracsqrt", r"frac\w?\d", "infty", "overrightarrow", "leqslant", "geqslant", math=3),
    notation(
        "equation",
        r"\b(?:\d{0,4}[a-z]\s?[=<>≤≥]\s?[-−(|√]?\s?(?:\d|[a-z]\b)"
        r"|\d{0,3}[a-z]\s?(?:\^|²|³)"
        r"|\d{1,4}[xyzabn]\s?[-+−=^<>≤≥]\s?\d"
        r"|\b\d{0,4}[xyz]\s?[-+−]\s?(?:\d{1,4}|\d{0,3}[xyzabn])\s?(?:[=<>≤≥)|]|\Z)"
        r"|d[yf]?/d[xt]\b"
        r"|let\s[a-z]\sbe\s"
        r"|[fgh]['′]?\s?\(\s?-?(?:x|n|t|\d{1,3})\s?\))",
        math=4,
    ),
    notation(
        "function of an angle",
        r"\b(?:arc)?(?:sin|cos|tan|cot|sec|csc|ln|log)"
        r"(?:\s?\(\s?[-−]?(?:\d|[a-zθαβπ]\s?[)+*/−-])|[²^_₂]|\s?\d{1,4}\s?°|[xθαβ]\b|\s(?:[xθαβ]\b|alpha|beta|theta))"
        r"|\b(?:sin|cos|tan|ln|log)\s?\d{1,5}\b",
        math=4,
    ),
    Signal("symbol", "symbols", "[√∫∑∞∠π∩∪≤≥]", math=3),
    Signal("power sign", "symbols", r"(?:\b\d{0,4}[xyzabnrt]|\d|\))[²³]", math=3),
    Signal(
        "degrees of an angle",
        "symbols",
        r"(?:angle|∠|角|rotat)[^.。\n]{0,30}\d\s?°|\d\s?°[^.。\n]{0,20}(?:angle|角|rotat|triangle)",
        math=3,
    ),
    notation(
        "arithmetic",
        r"\d(?:\s?[+*×÷^]\s?\(?\d|\s?\)\s?[-+*/×÷]\s?\d|\s?[-+*/×÷]\s?\(\s?-?\d|\s?/\s?\d{1,6}\s?[-+*×÷]"
        r"|\s?[-−/x]\s?\d[\d.,]{0,12}\s?(?:[=?？+*×÷]|\Z)"
        r"|\s?(?:加上?|减去?|乘以?|除以)\s?\d|\s?(?:的平方(?:[^米]|\Z)|的立方(?:[^米]|\Z)|的?\d{0,5}次方|的\d{1,3}%|的阶乘)"
        r"|\s(?:plus|minus|times|over|mod(?:ulo)?|choose)\s[-(\d]|\s(?:squared|cubed|factorial|go(?:es)?\sinto)\b"
        r"|\s(?:divided\sby|multiplied\sby|to\sthe\spower)|\sto\sthe\sminus|!\s?[-+*/=÷×^)])",
        r"\^\s?[{(\d]",
        r"(?:what(?:'s|\sis)|calculate|compute|evaluate|simplify|value\sof|多少是|计算|求)\s?\(?\d[\d.,]{0,12}"
        r"(?:!|\s?[-−/x]\s?\d)",
        math=4,
    ),
    latin_phrases(
        "arithmetic in words",
        f"{_NUMERAL} (?:plus|minus|times|divided by|multiplied by) {_NUMERAL};"
        "(?:multiply|divide|subtract) [0-9]{1,12};(?:half|third|quarter|double) of [0-9]{1,9}",
        math=4,
    ),
    chinese_phrases(
        "arithmetic in characters",
        " ".join(f"{digit}(?:加上?|减去?|乘以?|除以)[{_NUMERAL_ZH}]" for digit in f"{_NUMERAL_ZH}百千"),
        math=4,
    ),
    notation("expression alone", r"\A\s{0,9}[-\d(√][-\d\s+*/×÷^().,%√x]{2,200}=?\s?[?？]?\s{0,9}\Z", math=2),
    notation(
        "fraction",
        r"\d/\d{1,4}(?:\s(?:of\s(?:a\s)?\$?\d|as\sa|to\sa|in\slowest)|\s?(?:是多少|是几|等于|化成|化为|化简|转))",
        math=3,
    ),
    chinese_phrases("fraction in characters", r"分之[一二三四五六七八九十\d]", math=3),
    notation(
        "percentage of a number",
        r"\d\s?(?:%|percent\b)(?:\s(?:tip|discount|tax|interest))?\s(?:of|off|on|from)\s(?:of\s|a\s|an\s|the\s){0,2}\$?\d",
        math=4,
    ),
    notation("two percentages", r"\d\s?%[^\d\n]{1,20}\d{1,3}\s?%", math=1.5),
    notation(
        "percentage",
        r"\d\s?(?:%|percent\b)\s?(?:of|off|tip|discount|increase|interest|less|more|raise|tax|commission|growth|annual|的)",
        math=2,
    ),
    notation("rate", r"at\s\d{1,2}(?:\.\d{1,3})?\s?%", "百分之", "[打一二三四五六七八九]折", math=2),
    notation(
        "asks for a result",
        r"=\s?(?:[?？(（]|\Z)",
        r"等于(?:多少|几|\d)",
        r"[是得为]几(?:[？?。，,\n]|\Z)",
        "到底等于",
        r"得(?:多少|几)",
        math=3,
    ),
    notation(
        "two numbers to compare",
        rf"\d\s?(?:和|与|跟|或|还是|,|、|or|and|vs\.?)\s?{_NUMBER}\s?[,，:：]?\s?(?:(?:哪个|哪一个|哪个数|谁)(?:更|比较|最)?[大小]"
        r"|which(?:\sone|\snumber)?(?:\sis|'s)(?:\sthe)?\s(?:bigger|larger|greater|smaller|more|less)|bigger|larger|greater)",
        math=4,
    ),
    notation(
        "comparison of a number",
        rf"(?:bigger|larger|greater|smaller),?\s(?:than\s|number:?\s|-\s)?{_NUMBER}(?:\s|\?|\Z)",
        math=4,
    ),
)
