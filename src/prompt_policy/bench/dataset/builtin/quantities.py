"""Families of questions about equations, rates, prices and series."""

from __future__ import annotations

import random
from fractions import Fraction

from prompt_policy.bench.dataset.builtin.question import GeneratedQuestion


def linear(draw: random.Random) -> GeneratedQuestion:
    """Two linear equations: from the solution they were built from, and by Cramer's rule."""
    x, y = draw.randint(-9, 9), draw.randint(-9, 9)
    a, b, c = draw.randint(2, 9), draw.randint(2, 9), draw.randint(2, 9)
    d = next(value for value in range(2, 12) if a * value != b * c)
    e, f = a * x + b * y, c * x + d * y
    check_answer = Fraction(e * d - b * f, a * d - b * c) + Fraction(a * f - e * c, a * d - b * c)
    return GeneratedQuestion(
        f"Solve {a}x + {b}y = {e} and {c}x + {d}y = {f}. What is x + y?",
        f"解方程组 {a}x + {b}y = {e}，{c}x + {d}y = {f}。x + y 等于多少？",
        x + y,
        check_answer,
    )


def quadratic(draw: random.Random) -> GeneratedQuestion:
    """Sums of cubed roots: from the roots, and from the coefficients."""
    p, q = draw.randint(-7, 7), draw.randint(1, 8)
    s, t = p + q, p * q
    return GeneratedQuestion(
        f"The roots of x^2 - ({s})x + ({t}) = 0 are r and s. What is r^3 + s^3?",
        f"方程 x^2 - ({s})x + ({t}) = 0 的两根为 r 和 s。r^3 + s^3 等于多少？",
        p**3 + q**3,
        s**3 - 3 * s * t,
    )


def work(draw: random.Random) -> GeneratedQuestion:
    """Working together, then alone: by rates, and by the remaining units of work."""
    first, second = draw.randint(6, 15), draw.randint(16, 30)
    together = draw.randint(2, 4)
    rate = Fraction(1, first) + Fraction(1, second)
    lcm = first * second
    units_left = lcm - together * (second + first)
    return GeneratedQuestion(
        f"Anna can paint a fence alone in {first} hours, Ben in {second} hours. They work together for {together} "
        "hours, then Anna goes home. How many hours does Ben need for the rest? Give a fraction in lowest terms or a "
        "whole number.",
        f"甲单独刷完一道围栏需 {first} 小时，乙需 {second} 小时。两人合作 {together} 小时后甲离开，"
        "乙还需多少小时完成？请用最简分数或整数表示。",
        (1 - together * rate) * second,
        Fraction(units_left, first),
    )


def series(draw: random.Random) -> GeneratedQuestion:
    """Sums of an arithmetic series: by formula, and term by term."""
    first, step, count = draw.randint(2, 20), draw.randint(3, 9), draw.randint(15, 40)
    skipped = draw.randint(3, 5)
    whole = count * (2 * first + (count - 1) * step) // 2
    multiples = count // skipped
    left_out = multiples * (first - step) + step * skipped * multiples * (multiples + 1) // 2
    listed = sum(first + n * step for n in range(count) if (n + 1) % skipped)
    return GeneratedQuestion(
        f"A sequence begins with {first} and grows by {step} with every term. Of its first {count} terms, every term "
        f"whose place is a multiple of {skipped} is struck out. What is the sum of the others?",
        f"一个等差数列首项为 {first}，公差为 {step}。在前 {count} 项中划去序号为 {skipped} 的倍数的项，"
        "其余各项之和是多少？",
        whole - left_out,
        listed,
    )


def discount(draw: random.Random) -> GeneratedQuestion:
    """Discounted prices: by factors, and step by step in cents."""
    price, off, tax = draw.randint(4, 30) * 20, draw.choice((10, 15, 20, 25, 30)), draw.choice((5, 10, 20))
    count = draw.randint(2, 6)
    cents = price * 100 * count
    cents -= cents * off // 100
    cents += cents * tax // 100
    return GeneratedQuestion(
        f"A chair costs {price} euros. A school buys {count} of them, gets {off}% off, and then pays {tax}% tax on "
        "what is left. How many euros does it pay in all?",
        f"一把椅子 {price} 元。学校买 {count} 把，先打折减 {off}%，再按折后价加收 {tax}% 的税。一共付多少元？",
        count * price * Fraction(100 - off, 100) * Fraction(100 + tax, 100),
        Fraction(cents, 100),
    )


def recurrence(draw: random.Random) -> GeneratedQuestion:
    """A linear recurrence: by iteration, and by matrix powers."""
    a, b, c, d = draw.randint(1, 3), draw.randint(1, 3), draw.randint(0, 3), draw.randint(1, 4)
    place = draw.randint(7, 10)
    before, now = c, d
    for _ in range(place - 1):
        before, now = now, a * now + b * before
    matrix = ((1, 0), (0, 1))
    for _ in range(place - 1):
        (p, q), (r, s) = matrix
        matrix = ((a * p + b * r, a * q + b * s), (p, q))
    return GeneratedQuestion(
        f"Let u(0) = {c}, u(1) = {d} and u(n) = {a}u(n-1) + {b}u(n-2) for n from 2 on. What is u({place})?",
        f"设 u(0) = {c}，u(1) = {d}，当 n ≥ 2 时 u(n) = {a}u(n-1) + {b}u(n-2)。u({place}) 等于多少？",
        now,
        matrix[0][0] * d + matrix[0][1] * c,
    )
