"""Borders of Chinese words."""

from __future__ import annotations

import pytest

from prompt_policy.conditions.tasks.classifier import SIGNALS
from prompt_policy.conditions.tasks.signals.signal import build_text_views
from prompt_policy.conditions.tasks.signals.word_borders import mark_word_borders

[TERMS] = [signal for signal in SIGNALS if signal.name == "math term in Chinese"]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("怎么恢复数据", "怎么恢复 数据"),
        ("复数z的模", "复数z的模"),
        ("沟通分歧与元素数量", "沟通 分歧与元素 数量"),
        ("hello", "hello"),
        ("", ""),
    ],
)
def test_a_space_marks_a_border(text: str, marked: str) -> None:
    assert mark_word_borders(text) == marked


@pytest.mark.parametrize(
    "text",
    [
        "硬盘坏了还能恢复数据吗",
        "对数字艺术感兴趣",
        "他在追求极限运动的刺激",
        "这一周长了三斤",
        "跟家里沟通分歧",
        "微量元素数量",
        "我想要求导师改时间",
        "全书大约分为三部",
        "要求积分满一千",
        "用四象限法则安排时间",
        "英语复数怎么变",
        "方程豹的新车",
        "好奇数码产品",
        "因为其余数据丢了",
        "整除了名字以外都改",
        "领导数落我",
        "一定积分清零吗",
        "中等差生",
        "等比赛结束",
    ],
)
def test_terms_across_borders_are_not_found(text: str) -> None:
    assert TERMS.count(build_text_views(text)["chinese"]) == 0


@pytest.mark.parametrize(
    "text", ["解方程2x=6", "求复数的模", "对数函数", "通分后相加", "因数有几个", "等比数列", "求导后的极值"]
)
def test_terms_themselves_are_found(text: str) -> None:
    assert TERMS.count(build_text_views(text)["chinese"]) == 1
