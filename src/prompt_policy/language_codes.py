"""Language codes in policy files: those of ISO 639-1, and what people write for them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_ISO_639_1: Final = (
    "a:abefkmnrsvyz b:aeghimnors c:aehorsuvy d:aevz e:elnostu f:afijory g:adlnuv h:aeiortuyz i:adegikostu "
    "j:av k:agijklmnorsuvwy l:abginotuv m:ghiklnrsty n:abdeglnorvy o:cjmrs p:ailst q:u r:mnouw "
    "s:acdegiklmnoqrstuvw t:aeghiklnorstwy u:gkrz v:eio w:ao x:h y:io z:ahu"
)
"""The two-letter language codes: after each first letter, all second letters."""
_LANGUAGE_CODES: Final = frozenset(group[0] + second for group in _ISO_639_1.split() for second in group[2:])
LANGUAGE_PATTERN: Final = f"^({'|'.join(f'{group[0]}[{group[2:]}]' for group in _ISO_639_1.split())})$"
_MISSPELT: Final = (
    "zh:cn,chinese,zho,chi,zhs,zht,中文 ja:jp,japanese,jpn ko:kr,korean,kor en:us,english,eng ru:russian,rus "
    "ar:arabic,ara he:iw,hebrew el:gr,greek hi:hindi th:thai bn:bengali ta:tamil ka:ge,georgian hy:armenian "
    "fr:french de:german,ger es:spanish cs:cz uk:ua"
)
_MISSPELT_LANGUAGES: Final = {
    word: group.partition(":")[0] for group in _MISSPELT.split() for word in group.partition(":")[2].split(",")
}
"""Codes of countries, codes of other standards and English names, as people write them for a language code."""


def suggest_language(code: str) -> str:
    """Return ``" (did you mean 'zh'?)"`` for a frequent misspelling of a language code, or an empty text."""
    folded = code.casefold()
    meant = _MISSPELT_LANGUAGES.get(folded) or re.split("[-_]", folded, maxsplit=1)[0]
    meant = _MISSPELT_LANGUAGES.get(meant, meant)
    return f" (did you mean '{meant}'?)" if meant in _LANGUAGE_CODES and meant != code else ""


def _check_language(code: str) -> str:
    if code and code not in _LANGUAGE_CODES:
        message = "'{code}' is not an ISO 639-1 language code{hint}"
        raise PydanticCustomError("language", message, {"code": code, "hint": suggest_language(code)})
    return code


LanguageCode = Annotated[str, AfterValidator(_check_language)]
"""An ISO 639-1 code."""
