"""Chinese words whose neighbours contain a term of mathematics across their border, such as ``恢复|数据``.

Chinese has no spaces between words, so a search for a term finds it there too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from prompt_policy.conditions.patterns import compile_search_valid_utf8

_PAIRS: Final = """
恢复|数 回复|数 重复|数 修复|数 反复|数 答复|数 康复|数 复|数形式 复|数名词 名词复|数 名词的复|数 单词的复|数
英语复|数 复|数怎么
复|数变化 单复|数 复|数加s 复|数还是单 对|数字 对|数据 对|数学 对|数量 对|数码 对|数百 对|数千 对|数万 对|数十
绝对|数 针对|数 面对|数
核对|数 追求|极限 要求|极限 极|限运动 极|限挑战 极|限竞速 一周|长 两周|长 三周|长 每周|长 这周|长 本周|长 下周|长
上周|长 周|长假 周|长沙
沟通|分 交通|分 普通|分 开通|分 通|分店 卡通|分 互通|分 元素|数 激素|数 因素|数 维生素|数 毒素|数 像素|数 素|数据
要求|导 请求|导 追求|导
寻求|导 需求|导 求|导师 求|导游 求|导航 求|导演 求|导购 大约|分 预约|分 节约|分 合约|分 条约|分 契约|分 约|分手
要求|积分 需求|积分
方|程豹 象|限法 象|限管理 象|限工作 象|限分析 性质|数 品质|数 材质|数 物质|数 介质|数 质|数据 原因|数 基因|数
因|数据 因|数量
因|数字 加倍|数 完整|除 调整|除 整|除非 整|除了 整|除去 剩余|数 其余|数 业余|数 多余|数 余|数据 余|数量 配偶|数
好奇|数 奇|数码 领导|数
指导|数 引导|数 辅导|数 导|数据 导|数字 一定|积分 固定|积分 规定|积分 约定|积分 定|积分规则 中等|差 平等|差
等|差不多 等|差评 等|差异
等|比赛 等|比较 等|比我 数|列表 数|列出 普通|项 通|项目 沟通|项 开通|项 对方|差 地方|差 双方|差 一方|差 方|差异
方|差距 方|差评 方|差别
一定|理 鉴定|理 决定|理 固定|理 肯定|理 稳定|理 定|理由 定|理想 定|理财 定|理发 三位|数学 四位|数学 两位|数学
五位|数学 位|数据 位|数字化
椭|圆机 椭|圆形办公 余|弦月 抽样|品 抽|样品 信函|数 方向|量 流向|量 转向|量 走向|量 要求|和 需求|和 追求|和 请求|和
寻求|和 求|和平 求|和好
求|和解 求|和谐 解|方案 了解|方 理解|方 讲解|方 解|方式 之|差异 之|差距 之|差别 之|比较 之|积极 之|积累 之|和平
之|和谐 抛|弃 抛|开
抛|光 抛|头 抛|锚 抛|售 点数|据 地点|数 优点|数 观点|数 一个|数据 一个|数字 一个|数学 一个|数码 这个|数据 这个|数学
这个|数码 几何|时
几|何时 代|数据 现代|数 古代|数 年代|数 时代|数 交代|数 集|合时间 面积|分 面|积极 体|积极 体|积累 总|和你 总|和我
总|和他
证|明书 证|明材料 公|式样 分|数据 分|数字 小|数据 小|数字 命|题作文 随|机应变 随|机票
总体|积 全体|积 集体|积 整体|积 具体|积
"""
_BORDER: Final = "|"


@cache
def _spaced() -> dict[str, str]:
    return {pair.replace(_BORDER, ""): pair.replace(_BORDER, " ") for pair in _PAIRS.split()}


@cache
def _find() -> tuple[Callable[[str | None], bool], re.Pattern[str]]:
    alternatives = "|".join(sorted(_spaced(), key=len, reverse=True))
    return compile_search_valid_utf8(alternatives), re.compile(alternatives)


def mark_word_borders(text: str) -> str:
    """Return a text with a space at each known border across which a term of mathematics would be found."""
    is_match, pattern = _find()
    return pattern.sub(lambda match: _spaced()[match[0]], text) if is_match(text) else text
