"""Intents other than the result of a problem: turns that contain mathematics, and ask for something else.

A judge's rubric, a title, a translation, a summary, a rewriting, a conversion of notation, a role.
"""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases, notation

_DRAFT: Final = "(?:problem|question|answer|solution|proof|response|exercise|task|equation|formula)"
_MARKUP: Final = "(?:latex|tex|markdown|json|xml|html|csv|yaml|plain text|mathml|braille|unicode|a table|bullet points)"
_PERSON: Final = (
    "(?:teacher|tutor|student|pirate|character|detective|wizard|therapist|assistant|chef|coach|friend|"
    "boss|shopkeeper|dragon|knight|captain|doctor|interviewer|narrator|dungeon master|game master|bartender)"
)

INTENTS: Final[tuple[Signal, ...]] = (
    latin_phrases(
        "judges an answer",
        rf"""(?:rate|score|grade|judge|evaluate|assess|critique|compare|rank|review) (?:the|this|these|both|my|each|
        how)(?: [a-z]{{1,12}}){{0,3}} {_DRAFT}; impartial judge; (?:which|what) (?:answer|response|solution)(?: is)?
        better; (?:assistant|model|candidate|system|response|answer) [ab12]; rubric; reference answer;
        (?:student|candidate|model) (?:answer|response|solution|wrote|submission); correctness and;
        grade school teacher;
        on a scale (?:of|from); ground truth; (?:is|are) the(?: following)?(?: [a-z]{{1,12}}){{0,2}} (?:answer|
        response|solution)s? (?:correct|equivalent|acceptable); helpfulness""",
        math=-4,
    ),
    chinese_phrases(
        "judges an answer in Chinese",
        r"""评分标准 打分 评判 评委 裁判 参考答案 标准答案 学生的?(?:答案|解答|回答|作答) 批改 阅卷 哪个回答 哪个答案更
        两个回答 两个答案 回答[ab12一二] 助手[ab] 评价[^。\n]{0,8}(?:答案|解答|回答) 满分 扣分 得分点
        判断[^。\n]{0,10}是否等价""",
        math=-4,
    ),
    latin_phrases(
        "works on the wording",
        r"""(?:rewrite|rephrase|reword|paraphrase|proofread|shorten|simplify the (?:wording|language|text)|correct the
        (?:grammar|spelling)|fix the (?:grammar|spelling|typo)|polish|summari[sz]e|translate|edit) (?:the|this|these|
        my|following|it|that)(?: [a-z]{1,12}){0,3}; (?:grammar|spelling|typo) (?:error|mista[k]e|check);
        in (?:other|simpler|your own|plain) words; more (?:professional|polite|formal|natural|friendly|concise|fun);
        tl dr; key points; (?:short|brief|concise) (?:title|summary|headline|caption); title for; headline;
        subject line; caption; (?:write|make up|create|design|invent|generate|come up with|
        give me)(?: me)?(?: [a-z0-9]{1,12}){0,4} (?:problem|question|quiz|quizze|
        exercise|worksheet|riddle|lesson plan|flashcard)""",
        math=-4,
    ),
    chinese_phrases(
        "works on the wording in Chinese",
        r"""翻译 译成 译为 润色 改写 改成更 改得更 换个说法 缩写 扩写 概括 总结 摘要 归纳
        起[个一]?[^。\n]{0,6}(?:标题|名字|题目)
        拟[个一]?[^。\n]{0,6}(?:标题|题目) 标题 语法错误 错别字 校对 病句 出[^。\n]{0,8}道[^。\n]{0,10}(?:题|练习)
        编[^。\n]{0,6}道
        设计[^。\n]{0,6}(?:题|教案|练习) 教案 朋友圈 文案 祝福语 祝福 贺卡 口号
        写[^字出作法。！？\n][^。！？\n]{0,11}(?:短信|通知|请假条|邀请|文章|检讨|评语|总结|报告|介绍)
        写[^字出作法。！？\n][^。！？\n]{0,11}(?:演讲|致辞|广告|简历|感谢|日记|标语|说明)""",
        math=-4,
    ),
    notation(
        "converts notation",
        rf"(?:convert|write|put|turn|transcribe|format|express|render|typeset|change|rewrite)[^.?!\n]{{0,60}}"
        rf"\b(?:to|into|in|as)\s(?:valid\s|a\s|proper\s)?{_MARKUP}\b",
        r"latex\s(?:code|version|source|form|syntax|for)",
        r"(?:转成|转换成|转换为|转为|转化为|改成|写成|用|换成|排成)\s?(?:latex|tex|markdown|json|xml|html|csv|表格)",
        r"latex\s?(?:代码|格式|公式|语法|形式)",
        math=-4,
    ),
    latin_phrases(
        "plays a role",
        rf"""(?:act|behave|respond|talk|speak) (?:as|like) (?:an?|my|the|if)(?: [a-z]{{1,12}}){{0,3}};
        you are (?:an?|the|my)(?: [a-z]{{1,12}}){{0,3}} {_PERSON}; pretend (?:you|to|that|we|i);
        role ?play[a-z]{{0,3}}; stay in character; you play; let s play; text adventure; hit points?;
        roll (?:for|a d20)""",
        math=-4,
    ),
    chinese_phrases(
        "plays a role in Chinese",
        "扮演 充当 假装你 假装是 你现在是 你是一[名位个只] 角色 我要你 我希望你担任 我想让你担任",
        math=-4,
    ),
    Signal(
        "ends as a harness's prompt",
        "ending",
        r"(?:\A|\n|\.\s|\?\s)(?:final\s)?(?:answer|a|output|label|response|solution|答案|回答|答)\s?[:：]\s{0,3}\Z",
        math=-4,
    ),
    notation(
        "contains an answer",
        r"\n(?:answer|a|答案|答|assistant|助手|response|reference|参考答案|学生答案)\s?[:：]",
        "####",
        r"\[\[",
        math=-2,
    ),
)
