"""Phrases in other languages that dictate the form of the answer, for text in lower case."""

from __future__ import annotations

from typing import Final

_NEAR: Final = "[ a-z0-9,'\"à-ÿ]{0,30}"
_WORD_END: Final = r"(?-u:\b|$)"

_PHRASES: Final = (
    # French
    rf"r[ée]pond(?:s|ez|re)(?-u:\b){_NEAR} (?:uniquement|seulement|simplement|par oui|par vrai|par un|en un|"
    rf"en une|au format|en json){_WORD_END}",
    r"(?:donne|donnez|indique|indiquez|écris|renvoie)(?:[ -]moi)? (?:seulement|uniquement|juste) ",
    r"(?:au|en) format (?:json|xml|yaml|csv)",
    r"sans (?:aucune |autre |donner d')?explications?",
    # German
    rf"(?:gib|antworte(?:n|t)?)(?-u:\b){_NEAR} (?:nur|ausschließlich|lediglich|mit ja|mit einem|mit einer|"
    rf"in einem|im json|in json|als json){_WORD_END}",
    r"(?:nenne|nennen sie|geben sie|schreib|schreibe)(?: mir)? (?:nur|ausschließlich|lediglich) ",
    r"(?:keine|ohne) (?:weitere |jede )?(?:erklärung|begründung|erläuterung)",
    r"im (?:json|xml|yaml|csv)-?[ ]?format",
    # Spanish, Portuguese, Italian
    rf"(?:contest|respond)(?:e|a|er|ar)(?-u:\b){_NEAR} (?:solo|sólo|únicamente|solamente|apenas|somente|con una|"
    rf"con un|com uma|con sí|en formato|en una|en json|em json){_WORD_END}",
    r"(?:devuelve|escribe|da|dame|indica|devuélveme) (?:solo|sólo|únicamente|solamente) ",
    r"(?:sin|sem) (?:dar |ninguna |nenhuma |más ){0,2}explica[cç]",
    r"(?:^|[.!?,;\n]) {0,2}s[oó]lo (?:el|la|un|una) (?:número|respuesta|letra|palabra|resultado|traducción)",
    rf"rispondi(?-u:\b){_NEAR} (?:solo|soltanto|solamente|con una|con un|in json|in formato){_WORD_END}",
    r"senza (?:alcuna )?spiegazion",
    # Japanese, Korean, Russian
    "(?:だけ|のみ)(?:を|で)?(?:答え|回答|出力|返|書)",
    "(?:一言|一語|一文|1語|1文)で(?:答え|回答|述べ|説明|要約)",
    "(?:説明|解説)(?:は|も)?(?:不要|なし|要りません|いりません|しないで)",
    "(?:json|xml|yaml|csv)(?:形式|フォーマット)?で(?:答え|回答|出力|返)",
    "만 ?(?:답|대답|출력|말해)",
    "한 ?(?:단어|문장)(?:으)?로 ?(?:답|대답|말|요약)",
    "설명 ?없이",
    "(?:json|xml|yaml|csv) ?(?:형식|형태)",
    r"ответ(?:ь|ьте|ить)[ а-яё0-9,]{0,30}(?:только|одним словом|одним предложением|да или нет|в формате)",
    "без (?:всяких |каких-либо )?(?:объяснений|пояснений)",
    "в формате (?:json|xml|yaml|csv)",
    r"(?:答え|回答|정답|ответ|réponse|antwort|respuesta) {0,2}:\s{0,3}$",
)
"""Phrases that dictate the form whatever the text is about."""


def build_other_pattern() -> str:
    """Return one pattern of all phrases that dictate the form."""
    return "|".join(_PHRASES)
