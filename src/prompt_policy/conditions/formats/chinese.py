"""Phrases in Chinese that dictate the form of the answer, for text in lower case with straight quotation marks."""

from __future__ import annotations

from typing import Final

_GAP: Final = r"[ \"->@-~一-鿿，、；「」『』【】（）]"
_SIZE: Final = "[0-9一二两三四五六七八九十百]{1,5}"
_MARKUP: Final = "(?:json|xml|yaml|csv|html|markdown)"
_ANSWER: Final = "(?:回答|回复|作答|答复)"
_DELIVER: Final = "(?:输出|返回|给出|提供|填写|写出|列出|生成|呈现|展示)"
_OPEN: Final = "[\"「『'【]?"
_CLOSE: Final = "[\"」』'】]?"
_END: Final = r"(?:[，。,.！!；;:\n）)]|即可|就好|就行|吧|$)"
_REASONS: Final = "(?:解释|说明|解析|分析|过程|推理|步骤|理由)"

_PHRASES: Final = (
    # "只回答数字", "仅回复A或B"
    rf"[只仅](?:需要?|能|可以?|用|准|许)?{_ANSWER}(?:[^了过的]|$)",
    rf"[只仅](?:需要?|要|能)?{_DELIVER}(?:代码|源码)",
    rf"只要(?:最终|最后)?的?(?:译文|答案|结果|数字|翻译|代码|结论|选项){_END}",
    r"答案?只(?:需|要|能)?(?:写|填)",
    r"[只仅](?:需要?|要|能|可以?)?(?:说|用|写|填|答)[\"「『]",
    r"(?:选项|答案|结果|数字|译文)(?:即可|就行|就好)",
    r"别(?:啰嗦|废话)",
    rf"直接(?:说|给出?|输出|{_ANSWER}|返回|告诉我)(?:我)?(?:最终|最后|正确)?的?(?:答案|结果|数字|译文|结论|选项|{_END})",
    # "不要解释"
    rf"(?:不要|无需|无须|不需要?|不用|不必|别|勿|请勿|没必要)(?:写|给出?|做|作|进行|附带?|提供|输出|包含|展示|添加|加|任何|多余的?|其[他它]的?|额外的?|思考|解题|计算|推理|"
    rf"推导|论证|中间|详细|具体){{0,4}}{_REASONS}{_END}",
    r"(?:不要|勿|不得|禁止|不能|别)(?:再)?(?:输出|添加|包含|附加|有|写|给出|回复|返回|加|有)(?:任何)?(?:其[他它]|多余|额外|无关|别的)",
    r"不要(?:任何)?(?:解释|说明)",
    # formats
    rf"(?:以|用|按照?|使用|采用){_GAP}{{0,6}}(?:{_MARKUP}|表格)(?:的)?(?:格式|形式|对象|数组|字符串|表格|列表|代码块)?(?:来)?(?:{_ANSWER}|"
    rf"{_DELIVER}|表示|{_END})",
    rf"(?:以|用|按照?|使用|采用){_GAP}{{0,6}}{_MARKUP}的?(?:格式|形式)",
    rf"用[\"「『]{_GAP}{{1,12}}[\"」』]{_GAP}{{0,2}}{_ANSWER}",
    rf"以[\"「『]{_GAP}{{1,20}}[\"」』](?:作为)?(?:开头|结尾|开始|结束)",
    r"答案(?:必须|应|应该|只能)?[只仅](?:包含|含|写|填)",
    rf"(?:按照?|以|用|遵循|使用|采用)(?:以下|下面|下列|如下|这个|此|上述|给定|指定)的?(?:{_GAP}{{0,4}})(?:格式|模板|形式)",
    rf"(?:用|以|按照?)[\"「『'【\[]{_GAP}{{1,40}}[\"」』'】\]]的?(?:格式|形式)",
    r"(?:输出|回答|返回|回复|答案|答题)的?格式 ?(?:为|是|如下|必须|应|:)",
    r"(?:输出|回答|回复)(?:必须|应该?|需要?|只能|要)(?:是|为)",
    rf"答案请?(?:写成|写为|写在|放在|放入|填在|用{_MARKUP}|以{_MARKUP}|用[\"「<【]|以[\"「<【])",
    r"(?:在|放在|放入|写在|置于)<[a-z_]{1,20}>",
    rf"最后一行{_GAP}{{0,24}}(?:给出|输出|写|为)",
    # "用一个词回答", "用一句话概括"
    rf"用(?:不超过|最多|不多于|少于|大约|约|至多)?(?:一两个|{_SIZE}个?)(?:英文|中文|简短的?)?(?:单词|词语?|字母|数字|汉字|字|句话|句子|段话|成语|行){_GAP}{{0,6}}"
    rf"(?:{_ANSWER}|概括|总结|说明|描述|解释|形容|介绍|表达|说|告诉)",
    rf"一(?:句话|个词|个单词|个字|个数字|个字母)(?:来|简短|简单)?(?:{_ANSWER}|概括|总结|说明|描述|介绍|即可)",
    rf"(?:{_ANSWER}|概括|总结|回复|标题){_GAP}{{0,10}}(?:超过|控制在|限制在|少于|最多|多于){_SIZE}个?(?:字|词|句|单词)",
    rf"(?:不超过|控制在|限制在|限){_SIZE}个?字|{_SIZE}个?字(?:以内|之内|以下)",
    # "回答是或否"
    rf"(?:{_ANSWER}|输出|答|返回){_GAP}{{0,6}}{_OPEN}(?:是|对|真|正确|能|有|yes|true){_CLOSE}(?:或者?|/|、|还是){_OPEN}(?:否|不是|错|"
    rf"假|错误|不能|没有|不|no|false)",
    # options
    rf"(?:给出|{_ANSWER}|输出|写出?|填写?|选出?|返回|只需|用){_GAP}{{0,8}}(?:选项|答案)的?(?:字母|序号|编号)",
    rf"(?:{_ANSWER}|输出|返回){_GAP}{{0,4}}a[、,，/或]\s?b",
    # titles
    rf"(?:起|取|拟|生成|想)一?个?{_GAP}{{0,14}}标题",
    r"(?:评分|打分|分数|得分|评级):\s?\[\[",
)
"""Phrases that dictate the form whatever the text is about."""

_DELIVERIES: Final = (
    r"(?:^|[，。；,;:\n请])输出(?:一个|1个)?(?:整数|数字|分数|字母|单词|标签|选项)(?:[，。,；;]|$)",
    rf"[只仅](?:需要?|要|能|可以?)?{_DELIVER}(?:[^了过]|$)",
    rf"(?:输出|返回|回复|给出|生成|提供)(?:一个|一段)?(?:合法|有效|标准|纯|严格)?的?{_MARKUP}",
)
"""Phrases that dictate the form unless the text asks for a program."""

CHINESE_QUESTIONS: Final = "(?:怎[样樣]|怎[么麼]|如何|[为為]什[么麼]|[为為]何)[^。！？，,!?\n]{0,60}"
"""A question about how or why an answer has a form; it dictates none."""
_ENDINGS: Final = r"【(?:答案|解答|回答)】\s{0,3}$|(?:答案|答|回答|输出)(?:是|为)? {0,2}:\s{0,3}$"
CHINESE_PROGRAMS: Final = "函数|程序|代码|脚本|接口|算法|方法|查询"
_TRADITIONAL: Final = dict(
    zip(
        "输复释说过标题选项仅请别个词话总结数单写给无须为评应对错没内译简缩显还许头点缀两额语问计们体号编导论证细练",
        "輸覆釋說過標題選項僅請別個詞話總結數單寫給無須為評應對錯沒內譯簡縮顯還許頭點綴兩額語問計們體號編導論證細練",
        strict=True,
    )
)
"""The traditional form of the simplified characters in the phrases."""
_WITH_FORMS: Final = str.maketrans({simple: f"[{simple}{other}]" for simple, other in _TRADITIONAL.items()})


def build_chinese_pattern() -> str:
    """Return one pattern of all phrases that dictate the form, in simplified and traditional characters."""
    return "|".join([*_PHRASES, _ENDINGS]).translate(_WITH_FORMS)


def build_chinese_delivery_pattern() -> str:
    """Return one pattern of the phrases that dictate the form unless the text asks for a program."""
    return "|".join(_DELIVERIES).translate(_WITH_FORMS)
