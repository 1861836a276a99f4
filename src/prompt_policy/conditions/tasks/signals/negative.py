"""Evidence against both tasks in turns that contain their words or numbers: poems, translations, history, advice."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases

_LANGUAGE_NAME: Final = (
    "(?:english|french|spanish|german|italian|chinese|mandarin|japanese|korean|russian|portuguese|arabic|latin|hindi)"
)
_TEXT: Final = (
    "(?:haiku|poem|limerick|stor(?:y|ie)|essay|song|lyric|joke|toast|letter|email|speech|slogan|novel|review|blog|"
    "paragraph|sonnet|rap|tweet)"
)
_WRITE: Final = "(?:write|compose|draft|tell|give|create|craft)"
_ARTICLE: Final = "(?: (?:an?|the|some|two|three|my|one|short))?"

NEGATIVE: Final[tuple[Signal, ...]] = (
    latin_phrases(
        "writing",
        f"(?:{_WRITE}|make up)(?: me)?{_ARTICLE}(?: [a-z]{{1,12}}){{0,2}}? {_TEXT};"
        "(?:haiku|poem|limerick|joke|sonnet) about",
        math=-4,
        code=-5,
    ),
    chinese_phrases(
        "writing in Chinese",
        r"""讲个笑话
        写[^字出作法。！？\n][^。！？\n]{0,13}(?:诗|作文|故事|散文|祝福|文案|情书|信[^息]|邮件[^的]|绝句|律诗|笑话|小说|演讲稿|歌词)""",
        math=-4,
        code=-3,
    ),
    latin_phrases(
        "translation",
        f"translat[a-z]{{1,4}}(?: [a-z0-9]{{1,20}}){{0,20}} (?:to|into|in) {_LANGUAGE_NAME}",
        math=-5,
        code=-5,
    ),
    chinese_phrases("translation in Chinese", r"翻译[^\n]{0,6}[英日韩法德俄中] 翻译成 译成", math=-5, code=-4),
    latin_phrases(
        "figure of speech",
        """(?:movie|film|video|play|podcast|tv|radio) script; functions? of the; codes? of; calculated;
        script (?:for|about) (?:an?|my|the)(?: [a-z]{1,12})? (?:movie|film|video|play|podcast|scene|episode|show);
        (?:dress|zip|area|promo|discount|tax|building|postal|moral|bar|cheat) code;
        prime (?:example|minister|time|rib); (?:workout|training|exercise|fitness|tv|loyalty|exchange) program""",
        math=-4,
        code=-4,
    ),
    chinese_phrases(
        "figure of speech in Chinese",
        "视频脚本 电影脚本 剧本 法律程序 血液循环 的功能 股票代码 算计 会员积分 星座 在职证明 天气 继承[房遗财]",
        math=-4,
        code=-4,
    ),
    latin_phrases(
        "animal or island",
        "reptile; specie; pet; venom[a-z]{0,3}; zoo; island; indonesia; volcano; coffee; wild",
        code=-3,
    ),
    latin_phrases(
        "history",
        """who (?:invented|discovered|wrote|won|was|is|created|proved); history of; what (?:year|happened);
        biography; (?:people|soldiers) (?:died|live)""",
        math=-3,
        code=-3,
    ),
    chinese_phrases("history in Chinese", "哪一?年 是谁 历史 生平 冠军 之父", math=-3, code=-3),
    latin_phrases(
        "advice",
        """should i; is (?:it|that|this) (?:safe|legal|okay|ok|normal); recommend; suggest; ibuprofen; symptom;
        workout; advice; tips; lose weight; how much does it cost; do i need a""",
        math=-2,
        code=-1,
    ),
    chinese_phrases(
        "advice in Chinese",
        "推荐 减肥 卡路里 要不要 孕妇 患者 健身 怎么看待 如何看待 面试 就业 书籍 适合 比较好 合适",
        math=-2,
        code=-3,
    ),
    latin_phrases(
        "work on a text",
        """summari[sz]e; extract; identify; proofread; paraphrase;
        (?:customer|following|these|given)(?: [a-z]{1,12})? (?:text|article|review|paragraph|passage|sentence)""",
        math=-3,
        code=-1,
    ),
    latin_phrases("format of the answer", "(?:in|as)(?: an?)? (?:json|csv|yaml|xml|table); json dictionary", code=-2),
    chinese_phrases(
        "exercise of another subject",
        r"""据此 成语 语病 下列各句 横线处 阅读下面 材料[一二：] 这(?:说明|表明|体现|反映) 主要原因 是因为 由此可
        由下表可 回答[^。]{0,6}题 完成[^。]{0,6}题 细胞 基因 染色体 蛋白质 遗传 激素 植株 神经 抗体 光合 微生物""",
        math=-4,
        code=-3,
    ),
)
