"""Families of easy questions in two steps, for models of less than a billion parameters."""

from __future__ import annotations

import random

from prompt_policy.bench.dataset.builtin.question import GeneratedQuestion


def change(draw: random.Random) -> GeneratedQuestion:
    """The change of a purchase: by a product, and item by item."""
    count, price, note = draw.randint(2, 6), draw.randint(2, 9), draw.choice((60, 80, 100))
    left = note
    for _ in range(count):
        left -= price
    return GeneratedQuestion(
        f"Tom buys {count} pens at {price} euros each and pays with {note} euros. How many euros does he get back?",
        f"小明买了 {count} 支钢笔，每支 {price} 元，付了 {note} 元。应找回多少元？",
        note - count * price,
        left,
    )


def sharing(draw: random.Random) -> GeneratedQuestion:
    """Equal shares: by a product and a division, and by handing out one round at a time."""
    share, children, boxes = draw.randint(2, 9), draw.choice((2, 3, 4, 5)), draw.choice((2, 3, 4))
    per_box = share * children
    children *= boxes
    left, rounds = boxes * per_box, 0
    while left:
        left, rounds = left - children, rounds + 1
    return GeneratedQuestion(
        f"There are {boxes} boxes with {per_box} apples each. {children} children share all the apples equally. How "
        "many apples does each child get?",
        f"有 {boxes} 箱苹果，每箱 {per_box} 个，平均分给 {children} 个孩子。每个孩子分到多少个苹果？",
        boxes * per_box // children,
        rounds,
    )


def journey(draw: random.Random) -> GeneratedQuestion:
    """The length of a journey: by a product, and hour by hour."""
    speed, hours, rest = draw.randint(4, 12) * 10, draw.randint(2, 5), draw.randint(5, 60)
    return GeneratedQuestion(
        f"A car drives for {hours} hours at {speed} km per hour, and then another {rest} km. How many km does it drive "
        "in all?",
        f"一辆汽车以每小时 {speed} 公里的速度行驶 {hours} 小时，然后又行驶 {rest} 公里。一共行驶多少公里？",
        speed * hours + rest,
        sum([speed] * hours, rest),
    )


def savings(draw: random.Random) -> GeneratedQuestion:
    """Savings after a purchase: by a product, and week by week."""
    first, weekly, weeks = draw.randint(10, 40), draw.randint(3, 9), draw.randint(3, 8)
    spent = draw.randint(5, first)
    weekly_balances = list(range(first, first + weekly * weeks + 1, weekly))
    return GeneratedQuestion(
        f"Mia has {first} euros. She saves {weekly} euros a week for {weeks} weeks and then spends {spent} euros. How "
        "many euros does she have left?",
        f"小红有 {first} 元，每周存 {weekly} 元，存了 {weeks} 周，然后花掉 {spent} 元。还剩多少元？",
        first + weekly * weeks - spent,
        weekly_balances[-1] - spent,
    )


def seats(draw: random.Random) -> GeneratedQuestion:
    """Free seats: by a product, and row by row."""
    rows, width = draw.randint(3, 9), draw.randint(4, 9)
    taken = draw.randint(2, rows * width - 1)
    every_seat = [(row, place) for row in range(rows) for place in range(width)]
    return GeneratedQuestion(
        f"A room has {rows} rows of {width} seats. {taken} seats are taken. How many seats are free?",
        f"教室里有 {rows} 排座位，每排 {width} 个，已经坐了 {taken} 人。还有多少个空座位？",
        rows * width - taken,
        len(every_seat[taken:]),
    )


def reading(draw: random.Random) -> GeneratedQuestion:
    """Days of reading: by a division, and day by day."""
    daily, days, read = draw.randint(5, 15), draw.randint(3, 9), draw.randint(10, 60)
    pages = read + daily * days
    return GeneratedQuestion(
        f"A book has {pages} pages. Ben has read {read} of them and now reads {daily} pages a day. How many more days "
        "does he need?",
        f"一本书有 {pages} 页，小华已经读了 {read} 页，之后每天读 {daily} 页。还需要多少天读完？",
        (pages - read) // daily,
        len(range(read, pages, daily)),
    )


def ages(draw: random.Random) -> GeneratedQuestion:
    """Ages in some years: by addition, and year by year."""
    child, factor, years = draw.randint(3, 12), draw.choice((3, 4, 5)), draw.randint(2, 9)
    parent = sum([child] * factor)
    for _ in range(years):
        parent += 1
    return GeneratedQuestion(
        f"Lily is {child} years old. Her mother is {factor} times as old. How old will her mother be in {years} years?",
        f"小丽今年 {child} 岁，妈妈的年龄是她的 {factor} 倍。{years} 年后妈妈多少岁？",
        child * factor + years,
        parent,
    )


def fence(draw: random.Random) -> GeneratedQuestion:
    """The price of a fence: by the perimeter, and side by side."""
    width, length, price = draw.randint(3, 12), draw.randint(13, 25), draw.randint(2, 9)
    sides = (width, length, width, length)
    return GeneratedQuestion(
        f"A garden is {length} m long and {width} m wide. A fence around it costs {price} euros per metre. How many "
        "euros does the whole fence cost?",
        f"一个长方形花园长 {length} 米，宽 {width} 米，围一圈篱笆，每米 {price} 元。一共需要多少元？",
        2 * (width + length) * price,
        sum(side * price for side in sides),
    )
