"""Syntax of programs: statements, identifiers, file names, and messages of failed programs."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases, notation

SYNTAX: Final[tuple[Signal, ...]] = (
    notation("fence", "```", "~~~", code=4),
    # A function may be about primes: that a function is defined outweighs its subject.
    notation(
        "definition",
        r"def\s\w{1,60}\s?\(",
        "#include",
        r"public\s(?:static|class|void|int|string)\b",
        r"function\s\w{1,40}\s?\(",
        r"select\s[^?!\n]{1,80}\sfrom\s\w",
        r"import\s\w{1,40}\s?\n",
        r"from\s\w{1,40}\simport\s",
        math=-10,
        code=5,
    ),
    notation(
        "statement",
        r"for\s\w{1,30}(?:,\s?\w{1,30})?\sin\s(?:range|enumerate|\w{1,30}[\]):.(])",
        r"for\s?\(\w",
        r"while\s?\(",
        r"if\s?\(\w",
        r"console\.log",
        r"print(?:f|ln)?\(",
        r"self\.\w",
        r"(?:let|var|const)\s\w{1,30}\s?=",
        r"string\s\w{1,30}\s?=",
        r"int\s\w{1,30}\s?[=;\[]",
        r"return\s\w{1,30}\s?[;+*(]",
        r"lambda\s\w{1,20}:",
        math=-2,
        code=4,
    ),
    notation(
        "operator",
        "=>",
        "===",
        r"==\s?[\w'\"]",
        "!=",
        "&&",
        r"\s\|\|\s\w",
        r"</?[a-z]{1,10}>",
        "::",
        r"\+\+[;)]",
        r";\s{0,4}(?:\n|\Z|\})",
        r"\w\(\)",
        math=-2,
        code=4,
    ),
    Signal(
        "identifier",
        "original",
        r"\b(?:[a-z]{2,30}[A-Z][a-z]{1,30}"
        r"|[A-Z][a-z]{1,30}(?:[A-Z][a-z]{1,30}){0,2}(?:Error|Exception|BackOff|Map|Table|List|Boot|Pool)"
        r"|[a-zA-Z]{2,30}_[a-zA-Z]{2,30})\b",
        code=3,
    ),
    notation(
        "file",
        r"\.(?:py|jsx?|tsx?|java|cpp|hpp|rs|rb|php|html|css|sh|json|ya?ml|toml|sql|ipynb|csv|dll|exe|vue|go)\b",
        code=2,
    ),
    notation("flag", r"\s--[a-z]{2,20}\b", code=2),
    latin_phrases(
        "failure",
        """traceback; stack ?trace; segfault; segmentation fault; null ?pointer[a-z]{0,9}; of undefined;
        undefined is not; undefined (?:reference|variable|behavior); (?:is )?not defined; compil(?:e|er|ation) error;
        (?:syntax|runtime|type|value|key|index|import|name) ?error; exit(?:ing|s|ed)?(?: [a-z]{1,12}){0,2} code;
        core dump[a-z]{0,2}; command not found; no module named; module not found; infinite loop; loops? forever;
        memory leak; race condition; deadlock; re render; crashloop[a-z]{0,7}; (?:doesn|won) t compile; stack overflow;
        out of memory; permission denied; index out of (?:range|bounds); merge conflict; cors; port [0-9]{2,5}""",
        code=4,
    ),
    chinese_phrases(
        "failure in Chinese",
        "段错误 空指针 内存泄漏 内存溢出 显存 死循环 死锁 报错 编译 栈溢出 跨域 越界 崩溃 抛异常 闪退 乱码",
        code=4,
    ),
)
