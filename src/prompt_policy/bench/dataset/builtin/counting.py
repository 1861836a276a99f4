"""Families of questions about counting and probability."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import combinations, pairwise, product

from prompt_policy.bench.dataset.builtin.question import GeneratedQuestion

_FRACTION_EN = " Give a fraction in lowest terms."
_FRACTION_ZH = "请用最简分数表示。"


def dice(draw: random.Random) -> GeneratedQuestion:
    """Sums of dice: by enumerating all throws, and by adding one die at a time."""
    count = draw.randint(2, 4)
    total = draw.randint(count + 2, 6 * count - 2)
    listed = sum(sum(throw) == total for throw in product(range(1, 7), repeat=count))
    ways = {0: 1}
    for _ in range(count):
        grown: dict[int, int] = {}
        for subtotal, number in ways.items():
            for face in range(1, 7):
                grown[subtotal + face] = grown.get(subtotal + face, 0) + number
        ways = grown
    return GeneratedQuestion(
        f"{count} fair six-sided dice are thrown. What is the probability that they show {total} in all?{_FRACTION_EN}",
        f"掷 {count} 枚均匀的六面骰子，点数之和为 {total} 的概率是多少？{_FRACTION_ZH}",
        Fraction(listed, 6**count),
        Fraction(ways.get(total, 0), 6**count),
    )


def committee(draw: random.Random) -> GeneratedQuestion:
    """Committees: by binomial coefficients, and by enumeration."""
    women, men, seats = draw.randint(4, 7), draw.randint(4, 7), draw.randint(3, 5)
    least = draw.randint(1, seats - 1)
    people = [True] * women + [False] * men
    return GeneratedQuestion(
        f"A committee of {seats} is chosen from {women} women and {men} men. In how many ways can that be done if at "
        f"least {least} of its members must be women?",
        f"从 {women} 名女士和 {men} 名男士中选出 {seats} 人组成委员会，其中至少有 {least} 名女士。共有多少种选法？",
        sum(math.comb(women, number) * math.comb(men, seats - number) for number in range(least, seats + 1)),
        sum(sum(chosen) >= least for chosen in combinations(people, seats)),
    )


def lattice(draw: random.Random) -> GeneratedQuestion:
    """Lattice paths around a closed point: by subtraction, and by dynamic programming."""
    right, up = draw.randint(4, 8), draw.randint(4, 8)
    x, y = draw.randint(1, right - 1), draw.randint(1, up - 1)
    through = math.comb(x + y, x) * math.comb(right + up - x - y, right - x)
    paths = {(0, 0): 1}
    for i, j in product(range(right + 1), range(up + 1)):
        if (i, j) != (0, 0):
            paths[i, j] = 0 if (i, j) == (x, y) else paths.get((i - 1, j), 0) + paths.get((i, j - 1), 0)
    return GeneratedQuestion(
        f"On a grid one walks from (0, 0) to ({right}, {up}), each step one unit to the right or one unit up. The "
        f"point ({x}, {y}) is closed. How many paths are there?",
        f"在方格上从 (0, 0) 走到 ({right}, {up})，每步向右或向上走一个单位，点 ({x}, {y}) 不能经过。共有多少条路径？",
        math.comb(right + up, right) - through,
        paths[right, up],
    )


def marbles(draw: random.Random) -> GeneratedQuestion:
    """Drawing without replacement: by binomial coefficients, and one draw at a time."""
    red, blue, taken = draw.randint(3, 8), draw.randint(3, 8), draw.randint(2, 3)
    no_red = math.prod((Fraction(blue - n, red + blue - n) for n in range(taken)), start=Fraction(1))
    return GeneratedQuestion(
        f"A bag holds {red} red and {blue} blue marbles. {taken} are taken out at once. What is the probability that "
        f"at least one of them is red?{_FRACTION_EN}",
        f"袋中有 {red} 个红球和 {blue} 个蓝球，一次取出 {taken} 个。至少有一个红球的概率是多少？{_FRACTION_ZH}",
        1 - Fraction(math.comb(blue, taken), math.comb(red + blue, taken)),
        1 - no_red,
    )


def codes(draw: random.Random) -> GeneratedQuestion:
    """Codes with a rule: by a product of choices, and by enumeration."""
    digits, length = draw.randint(2, 8), draw.randint(3, 5)
    listed = sum(
        all(a != b for a, b in pairwise(code)) and code[0] != 0 for code in product(range(digits + 1), repeat=length)
    )
    return GeneratedQuestion(
        f"How many codes of {length} digits from 0 to {digits} do not begin with 0 and never have the same digit twice "
        "in a row?",
        f"用数字 0 到 {digits} 组成 {length} 位密码，首位不为 0，且相邻两位不相同。共有多少个？",
        digits * digits ** (length - 1),
        listed,
    )
