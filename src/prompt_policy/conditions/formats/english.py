"""Phrases in English that dictate the form of the answer.

The patterns are in the syntax of Rust's engine, for text in lower case with straight quotation marks. Each instruction
begins a clause, because a story or a question about a format has the same words: "A box holds only 3 pencils", "How do
I answer with one word?".
"""

from __future__ import annotations

from typing import Final

_CLAUSE: Final = (
    r"(?:^|[.!?;:,\n()\-*>#\"]|(?-u:\b)(?:please|must|should|shall|and|then|you|have to|need to|is to|are to|always|"
    r"now|simply|kindly|instead|will|but|or|also|finally|strictly|not|can you|could you|only|just)(?-u:\b))[ \t]{0,4}"
)
_REST: Final = r"[ \t\"->@-~&&[^.]]{0,60}"
_NEAR: Final = r"[ \t\"-9<->@-~&&[^.]]{0,40}"
_END: Final = r"[ \t]{0,3}(?:[.,!:;)\n\"]|please|thanks|$)"
_OBJECT: Final = (
    r"(?: (?:me|back|to|the|this|each|every|all|these|following|next|above|below|questions?|problems?|"
    r"[a-z]{3,10}ly)){0,5}"
)
_ANSWER: Final = r"(?:answer|respond|reply)(?-u:\b)"
_REPLY: Final = r"(?:answer|response|reply|output|message|result)"
_DELIVER: Final = (
    r"(?:return|output|print|give|write|provide|produce|generate|format|show|list|present|submit|send|state|say|"
    r"extract|"
    r"make|put|create|express|summari[sz]e|describe|explain|define)(?-u:\b)"
)
_TELL: Final = "tell"
_MARKUP: Final = r"(?:jsonl?|xml|ya?ml|csv|tsv|html|toml)(?-u:\b)"
_ITEM: Final = (
    r"(?:answer|number|letter|word|translation|result|name|code|title|label|value|option|digit|integer|sentence|text|"
    r"query|choice|category|list|summary|version|output|figure|line|token|symbol|emoji|phrase|response|correction)s?"
)
_ONE: Final = r"(?:one|a single|single|exactly one|1|a|an|just one|only one|two|three|[0-9]{1,3})"
_UNIT: Final = (
    r"(?:word|letter|number|digit|sentence|line|token|phrase|paragraph|integer|label|character|symbol|emoji)s?"
)
_BRIEF: Final = (
    r"(?:(?:one|single|two|1|2)[ -](?:word|sentence|line|letter|number)|yes ?(?:/|or|-or-) ?no|true ?(?:/|or) ?false) "
    r"(?:answer|reply|response|summary|description|definition|explanation)"
)
_SOME_TITLE: Final = r"(?:an?|one|the)? ?(?:[a-z]{4,12},? |[0-9][0-9-]{0,4}[ -]?words? ){0,3}titles?(?-u:\b)"
_LETTER: Final = (
    r"(?:option|choice|answer) letters?|letters? of (?:the|your) (?:[a-z]{1,12} )?(?:answer|option|choice)|"
    r"(?:with|output|give|write|state) (?:only |just )?the (?:[a-z]{1,13} )?letter"
)
_YES_OR_NO: Final = (
    r"[\"']?(?:yes|true)[\"']?,? ?(?:or|/) ?[\"']?(?:no|false)[\"']?"
    rf"(?:{_END}|[ \t]{{1,3}}(?:to|for|if|whether|and|without|based|depending|only|then)(?-u:\b))"
)
_NO_REASONS: Final = (
    r"(?:explanations?|reasoning|commentary|preamble|comments?|introduction|notes?|remarks|intermediate steps|"
    r"justification|prose|"
    r"additional text|extra text|other text|markdown|extra words|other words|other content|steps|units)"
)

_IMPERATIVES: Final = (
    # "Answer with one word", "Reply only with ...", "Respond in JSON"
    rf"{_ANSWER}{_OBJECT} (?:with|using|by) {_NEAR}(?-u:\b)(?:only|just|exactly|nothing but|nothing else)",
    rf"{_ANSWER}{_OBJECT} (?:with|in|using|as) {_NEAR}(?-u:\b){_MARKUP}",
    rf"{_ANSWER}{_OBJECT} with (?:either |the word |the letter )?[\"']",
    rf"{_ANSWER}{_OBJECT} (?:with|in|using|as) (?:at most |under |up to |"
    rf"no more than )?{_ONE} (?:[a-z]{{1,12}} )?{_UNIT}(?-u:\b)",
    rf"{_ANSWER}{_OBJECT} (?:with|in) [a-z0-9]{{1,9}} {_UNIT} or (?:fewer|less)",
    rf"{_ANSWER}{_OBJECT} (?:with|in|using) (?:the|this|a) (?:[a-z]{{1,12}} ){{0,2}}format(?-u:\b)",
    rf"{_ANSWER}{_OBJECT} (?:with |using )?\(?[a-c1]\)?(?:,|/| or) ?\(?[b-d2]\)?(?:,|/| or|{_END})",
    rf"{_ANSWER}{_OBJECT} with (?:either )?[a-z_]{{2,16}},? (?:or|/) [a-z_]{{2,16}}{_END}",
    rf"{_ANSWER}{_OBJECT} with (?:only )?(?:one of|either|the (?:[a-z]{{1,13}} )?(?:letter|number|option|label|"
    rf"field|word|name))(?-u:\b)",
    rf"{_ANSWER}{_OBJECT} (?:only|just|solely|exclusively|strictly|simply)(?:,? with| in| using| by| as|"
    rf" the (?:[a-z]{{1,13}} )?"
    rf"{_ITEM}(?-u:\b)| yes| true| [\"'<\[{{])",
    rf"{_ANSWER}{_OBJECT} (?:with |only |either |in )?{_YES_OR_NO}",
    rf"{_DELIVER} (?:only |just |either )?{_YES_OR_NO}",
    # "Use the following format"
    rf"(?:{_ANSWER}|{_DELIVER}|use|follow){_REST}(?-u:\b)(?:this|the following|the exact|the same|the specified|"
    rf"the required|the given)"
    r" (?:[a-z]{1,12} ){0,2}(?:format|structure|template|schema)(?-u:\b)",
    # "in one sentence", "in exactly 50 words"
    rf"(?:{_ANSWER}|{_DELIVER}|{_TELL}|sum up){_REST} in (?:only |just |exactly |at most |under |no more than |"
    rf"fewer than |less than |"
    rf"about |up to )?{_ONE} (?:short |brief |simple )?(?:word|sentence|line|phrase|paragraph|bullet|"
    rf"bullet point|character)s?"
    rf"(?:{_END}| or (?:fewer|less)| why| how| what| the)",
    rf"(?:keep|limit|format) (?:your|the) {_REPLY}(?-u:\b)",
    rf"use (?:at most|no more than|exactly|fewer than|less than|only) {_ONE} (?:word|sentence|line|paragraph)s?",
    r"(?:choose|pick|select) (?:only |exactly )?one(?: of these| of the following)?(?: options| labels|"
    r" categories)? ?:",
    # "Do not explain", "no explanation"
    r"(?:do not|don't|never|no need to) (?:explain|elaborate|justify|show (?:your|the|any) (?:work|working|steps|"
    r"reasoning))(?-u:\b)",
    rf"(?:do not|don't|never) (?:include|provide|give|add|output|write|return|say)(?: me)? (?:anything (?:else|"
    rf"other|except|but|beyond|besides)|"
    rf"(?:any |an |your |further |additional |other |extra ){{0,3}}(?:{_NO_REASONS}|text|words|content)(?-u:\b))",
    rf"(?:with )?(?:no|without)(?: any| further| an| giving| adding| additional| extra| other){{0,3}} {_NO_REASONS}"
    rf"(?:{_END}| or | and | needed| required| just| is )",
    # "the number only"
    rf"(?:{_ANSWER}|{_DELIVER}){_REST}{_REST}(?:and|output|but) nothing (?:else|more)(?-u:\b)",
    rf"(?:just|only)(?: the| a| an| one| your)(?: [a-z]{{1,12}}){{0,2}} {_ITEM}{_END}",
    rf"{_ITEM} (?:only|alone){_END}",
    r"yes or no[,:?]",
    rf"i (?:only|just) (?:want|need) (?:the|a|an|one) (?:[a-z]{{1,12}} )?{_ITEM}{_END}",
    rf"(?:{_DELIVER})(?: me| back)? (?:only|just) (?:the )?(?:[a-z]{{1,12}} )?code(?-u:\b)",
    # "Start your reply with"
    rf"(?:end|finish|conclude|start|begin)(?: your {_REPLY})? with (?:a line|the (?:line|phrase|words?|sentence|"
    rf"tag)(?-u:\b)|[\"'<\[])",
    rf"(?:end|finish|conclude|start|begin) your {_REPLY} (?:with|by)(?-u:\b)",
    r"format ?:",
    # a rubric
    r"(?:rate|score|grade) (?:the|this|each)(?-u:\b)[ -\-/->@-~]{0,60}(?:on a scale|from [0-9]{1,2} to|out of [0-9])",
)
"""Instructions that dictate the form whatever the text is about. Each begins a clause."""

_DELIVERIES: Final = (
    rf"be (?:a |an )?valid {_MARKUP}",
    rf"(?:only |strictly |just )(?:a |valid |raw )?{_MARKUP}{_END}",
    rf"{_MARKUP} only{_END}",
    rf"{_DELIVER}{_REST}(?-u:\b)(?:in|as|using|into)(?: an?| the| valid| plain| strict| raw| single|"
    rf" form of){{0,3}} {_MARKUP}",
    rf"{_DELIVER}(?: me| only| just| a| an| valid| raw| strictly| the){{0,4}} {_MARKUP}",
    rf"{_DELIVER}(?: me| back)? (?:only|just|nothing but|solely)(?: the| a| an| one|"
    rf" your)?(?: [a-z]{{1,12}}){{0,2}} {_ITEM}(?-u:\b)",
    rf"(?:only|just|simply) {_DELIVER}(?: me)?(?: the| a| an| one| your)?(?: [a-z]{{1,12}}){{0,2}} {_ITEM}{_END}",
    rf"{_DELIVER}{_REST} (?:in|as|using)(?: the form of)? (?:an?|the) (?:[a-z]{{1,12}} )?(?:table|bulleted list|"
    rf"numbered list|comma-separated list)",
    rf"{_DELIVER}{_NEAR} {_ITEM} (?:only|alone){_END}",
    r"(?:the |your )?(?:output|response|reply) (?:must|should|has to|needs to) (?:only )?be (?:an?|one|in|of|"
    r"only|exactly|either|strictly)(?-u:\b)",
    rf"{_DELIVER}{_NEAR} as (?:a single|one|exactly one) {_UNIT}(?-u:\b)",
    rf"(?:output|print|return|write|say) (?:only |just |exactly )?(?:one|a single) {_UNIT}{_END}",
    rf"(?:output|print|return|write|say|state) (?:only|just|either|exactly) [\"']?[a-z]{{1,16}}[\"']?,? (?:or|"
    rf"/) [\"']?[a-z]{{1,16}}[\"']?{_END}",
    rf"(?:generate|create|write|suggest|give|provide|propose|come up with)(?: me)? {_SOME_TITLE}",
    rf"{_DELIVER}{_NEAR} on (?:its own|a separate|the last) line",
)
"""Instructions that dictate the form unless the text asks for a program, which then has that output."""

_ANYWHERE: Final = (
    r"\\boxed",
    r"\[\[(?:[a-d]|tie|x|rating|score|verdict|answer)\]\]",
    r"\[\[ ?## ",
    r"(?:rating|score|verdict|grade)[ \t]{0,3}:[ \t]{0,3}(?:\[\[|<[a-z])",
    r"</?(?:answer|final_answer|final|solution|response|output)>",
    r"(?:output|response|answer|reply|desired|required|expected) (?:format|schema)[ \t]{0,3}(?::|is|must|should)",
    rf"your (?:final |entire |whole )?{_REPLY}{_NEAR}(?-u:\b)(?:must|should|has to|"
    rf"needs to)(?-u:\b){_NEAR}(?-u:\b)(?:single|exactly (?:one|two|three|[0-9])|"
    rf"(?:be|consist of|contain|include) only (?:the|a|one|an)(?-u:\b)|only be|only (?:consist|contain)|format|"
    rf"one (?:word|letter|line|sentence|of)|{_MARKUP})",
    rf"last line of your {_REPLY}",
    r"answer is \(?(?:x|\[|<|\{)[^a-z0-9]",
    _BRIEF,
    rf"(?:max(?:imum)?|at most|up to|no more than) [0-9]{{1,4}} (?:words|sentences|characters){_END}",
    r"[\"'*](?:the )?(?:final |correct |my )?(?:answer|score|verdict|rating|choice|label)(?: is)? ?:",
    r"<[a-z_]{1,20}></|(?:in|inside|within|between) (?:the )?<[a-z_]{1,20}>",
    _LETTER,
    r"(?:[0-9] ?-? ?word )?title (?:for|of) (?:this|the|our|my|a) (?:[a-z]{1,12} )?(?:chat|conversation|thread|"
    r"session|dialog(?:ue)?|discussion)",
    r"(?:thread|chat|conversation|session) title(?-u:\b)",
)
"""Phrases that dictate the form wherever they are."""

_ENDINGS: Final = r"(?-u:\b)(?:answer|output|response) {0,2}:$|(?:answer|^|\n) {0,3}\((?:a|yes)[^)\n]{1,20}\):?$|\na:$"
_OPEN_ENDINGS: Final = r"the (?:final |correct )?answer is$"

ENGLISH_PROGRAMS: Final = (
    r"(?-u:\b)(?:function|program|component|script|class|method|api|endpoint|code|regex|app|website|page|def|"
    r"html|command|server|parser|query|python|javascript|"
    r"java|typescript|website|web page|def|html|rust|bash|sql|compiler|library|react|django|flask|notebook)s?(?-u:\b)"
)


def build_english_pattern() -> str:
    """Return one pattern of all phrases that dictate the form."""
    return f"{_CLAUSE}(?:{'|'.join(_IMPERATIVES)})|{'|'.join(_ANYWHERE)}|{_ENDINGS}|{_OPEN_ENDINGS}"


def build_english_delivery_pattern() -> str:
    """Return one pattern of the phrases that dictate the form unless the text asks for a program."""
    return f"{_CLAUSE}(?:{'|'.join(_DELIVERIES)})"
