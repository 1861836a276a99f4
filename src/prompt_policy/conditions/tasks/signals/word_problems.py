"""Word problems: numbers, their relations, and a question about an amount.

No signal is enough alone. Two numbers with a question about an amount are enough. Years, dates and the numbers of
exercises do not count as numbers.
"""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases, notation

_MEASURE_ZH: Final = (
    "[个只元块米人天岁支本件张颗条头脚辆分秒小千厘公升克倍次页箱台名位棵斤吨袋瓶把年周"
    "组种道层排套双串列艘匹架座所句段行桶辈票]"
)
_UNIT: Final = (
    "(?:km|kilometer|mile|meter|metre|feet|foot|inche?|cm|kg|kilo|gram|pound|lb|ounce|oz|celsius|fahrenheit|"
    "liter|litre|gallon|cup|tablespoon|hour|minute|second|day|week|month)s?"
)

WORD_PROBLEMS: Final[tuple[Signal, ...]] = (
    notation(
        "number",
        r"\d(?<![\w./:-]\d)"
        r"(?!(?<=1)[5-9]\d\d(?![\d,.])|(?<=2)0\d\d(?![\d,.])|\d?\s?[．、年月])"
        r"[\d,.]{0,12}(?!\s?分[)）])",
        math=0.75,
        max_count=3,
    ),
    latin_phrases(
        "number in words",
        """two; three; four; five; six; seven; eight; nine; ten; eleven; twelve; fifteen; twenty; thirty; fifty;
        hundred; dozen; half; third; quarter; twice; thrice; double; triple""",
        math=0.5,
        max_count=2,
    ),
    chinese_phrases(
        "number in characters",
        " ".join(f"{digit}(?<!第{digit}){_MEASURE_ZH}" for digit in "一二两三四五六七八九十百千半"),
        math=0.5,
        max_count=2,
    ),
    latin_phrases(
        "question of amount",
        "how (?:many|much|long|far|old|fast|high|tall|wide|deep|heavy|big|thick); what day; when (?:does|will|do)",
        math=2,
    ),
    chinese_phrases(
        "question of amount in Chinese",
        f"多少 多长时间 多久 多远 几{_MEASURE_ZH} 几分之几 几点 第几 星期几 周几 总共 [要得]几",
        math=2,
    ),
    latin_phrases("question", "which; what(?:s| s| is| was| were| will| are| would); find; determine", math=0.5),
    notation(
        "question after what is given",
        r"[.,;]\s{1,3}(?:then\s|so\s)?(?:how\s(?:many|much|long|far|old)|what(?:'s|\sis|\swas|\swill|\spercent|\sfraction)"
        r"|calculate|when\s(?:does|will)|find\s)",
        math=1,
    ),
    latin_phrases(
        "relation",
        """each; per; every; times (?:as|more|the); than; as (?:many|much); all; both; fewer; left;
        remain[a-z]{0,3}; rest; total; altogether; combined; together; another; additional; discount; mph; mpg; split;
        evenly; equally; original; if; give; gave; bought; buy; sold; sell; spend; spent; earn; cost; share; save;
        worth; faster; need""",
        math=0.5,
        max_count=4,
    ),
    chinese_phrases(
        "relation in Chinese",
        """每 倍 还剩 剩下 余下 一共 总共 共有 又买 原价 找回 应找 注满 涨价 降价 同时 各有 各是 平均 如果 先 再
        小明 小红 甲 乙""",
        math=0.5,
        max_count=4,
    ),
    notation(
        "conversion",
        rf"\d\s?{_UNIT}\s(?:in|to|into|is\show\smany)\s{_UNIT}\b",
        math=4,
    ),
    latin_phrases(
        "conversion asked for", rf"how many {_UNIT} (?:are )?(?:in|is) [0-9]{{1,9}}; convert [0-9]{{1,9}}", math=4
    ),
)
