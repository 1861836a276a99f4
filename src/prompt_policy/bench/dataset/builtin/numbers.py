"""Families of questions about integers."""

from __future__ import annotations

import math
import random

from prompt_policy.bench.dataset.builtin.question import GeneratedQuestion

_PRIMES = (2, 3, 5, 7, 11, 13)


def last_residue(draw: random.Random) -> GeneratedQuestion:
    """Modular powers: by repeated squaring, and by successive multiplication."""
    base, power, modulus = draw.randint(3, 40), draw.randint(40, 400), draw.randint(11, 97)
    slow = 1
    for _ in range(power):
        slow = slow * base % modulus
    return GeneratedQuestion(
        f"What is the remainder when {base}^{power} is divided by {modulus}?",
        f"{base}^{power} 除以 {modulus} 的余数是多少？",
        pow(base, power, modulus),
        slow,
    )


def divisors(draw: random.Random) -> GeneratedQuestion:
    """Number of divisors: from the prime exponents, and by trial division."""
    exponents = {prime: draw.randint(0, 3) for prime in draw.sample(_PRIMES[:5], 3)}
    number = math.prod(prime**exponent for prime, exponent in exponents.items()) * draw.choice((1, 17))
    left, product = number, 1
    for prime in (*_PRIMES, 17):
        times = 0
        while left % prime == 0:
            left, times = left // prime, times + 1
        product *= times + 1
    return GeneratedQuestion(
        f"How many positive divisors does {number} have?",
        f"{number} 有多少个正因数？",
        product,
        sum(number % candidate == 0 for candidate in range(1, number + 1)),
    )


def remainders(draw: random.Random) -> GeneratedQuestion:
    """The Chinese remainder theorem: by modular inverses, and by search."""
    moduli = draw.sample((5, 7, 8, 9, 11, 13), 3)
    if math.gcd(moduli[0], moduli[1]) > 1 or math.gcd(moduli[0] * moduli[1], moduli[2]) > 1:
        moduli = [7, 9, 11]
    rests = [draw.randrange(1, modulus) for modulus in moduli]
    whole = math.prod(moduli)
    pairs = list(zip(moduli, rests, strict=True))
    constructed = sum(rest * (whole // modulus) * pow(whole // modulus, -1, modulus) for modulus, rest in pairs) % whole
    searched = next(n for n in range(1, whole + 1) if all(n % modulus == rest for modulus, rest in pairs))
    return GeneratedQuestion(
        "Find the smallest positive integer that leaves "
        + ", ".join(f"the remainder {rest} when divided by {modulus}" for modulus, rest in pairs)
        + ".",
        "求满足下列条件的最小正整数：" + "，".join(f"除以 {modulus} 余 {rest}" for modulus, rest in pairs) + "。",
        constructed,
        searched,
    )


def bases(draw: random.Random) -> GeneratedQuestion:
    """Sums in another base: by Python's ``int``, and digit by digit."""
    base = draw.randint(4, 9)
    first, second = ([draw.randrange(1, base) for _ in range(4)] for _ in range(2))
    texts = ["".join(map(str, digits)) for digits in (first, second)]
    places = sum((a + b) * base**place for place, (a, b) in enumerate(zip(first[::-1], second[::-1], strict=True)))
    return GeneratedQuestion(
        f"In base {base}, two numbers are written {texts[0]} and {texts[1]}. What is their sum, written in base ten?",
        f"两个数用 {base} 进制写作 {texts[0]} 和 {texts[1]}。它们的和用十进制表示是多少？",
        int(texts[0], base) + int(texts[1], base),
        places,
    )


def tiles(draw: random.Random) -> GeneratedQuestion:
    """Greatest common divisors: by Euclid's algorithm, and by search."""
    unit = draw.randint(4, 15)
    width, length = unit * draw.randint(5, 14), unit * draw.randint(15, 29)
    side = math.gcd(width, length)
    searched = max(size for size in range(1, width + 1) if width % size == 0 and length % size == 0)
    return GeneratedQuestion(
        f"A floor of {width} cm by {length} cm is to be covered with square tiles that are all alike and as large as "
        "possible, without cutting any. How many tiles are needed?",
        f"用同样大小、尽可能大的正方形地砖铺满 {width} 厘米乘 {length} 厘米的地面，且不切割。需要多少块地砖？",
        (width // side) * (length // side),
        width * length // searched**2,
    )
