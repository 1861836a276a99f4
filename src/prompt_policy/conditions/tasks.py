"""placeholder until the real module lands"""


def task_of(text: str) -> str:
    t = text.lower()
    return "math" if any(w in t for w in ("solve", "equation", "x^2", "方程")) else "code" if "python" in t else "other"
