"""Terms of programming in Latin letters: technologies, concepts, and requests for a program."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, latin_phrases

# Programming languages in phrases such as "in Go". Most of their names are everyday words on their own.
LANGUAGE: Final = (
    r"(?:python3?|java|rust|ruby|swift|go|golang|kotlin|scala|perl|dart|julia|matlab|c语言|c\+\+|c#|c|r|js|ts|javascript|"
    r"typescript|php|vba|excel|node|sql|react|vue3?|bash|shell|flutter|unity|numpy|pandas)"
)
_IDEA: Final = (
    "(?:list|tuple|array|string|int|integer|float|char|dict|dictionary|hash ?map|map|stack|heap|queue|process|thread|"
    "(?:abstract )?class(?:es)?|interface|struct|object|pointer|reference|let|var|const|get|post|tcp|udp|http|https|"
    "static|merge|rebase|function|method|json|xml|csv|bytes?|boolean|enum|compiler|interpreter|null|undefined|async|await)"
)
_MAKE: Final = (
    "(?:write|implement|create|build|develop|make|code|design|generate|give me|need|fix|optimi[sz]e|refactor|review|"
    "rewrite|explain|convert|port|debug|speed up|improve|want)"
)
_PRODUCT: Final = (
    "(?:function|script|program|algorithm|quer(?:y|ie)|regex|code|snippet|component|endpoint|api|"
    "web ?(?:site|page|app)|parser|scraper|crawler|cli|macro|dockerfile|makefile|one liner|unit test|struct|decorator|"
    "bot|recursion|loop|game|app|(?:login|contact|sign ?up|web) form)"
)

PROGRAMMING: Final[tuple[Signal, ...]] = (
    latin_phrases(
        "technology",
        r"""javascript; typescript; golang; kotlin; php; html5?; css3?; (?:my|no|postgre)?sql; postgres; sqlite;
        mongodb; redis; kafka; powershell; haskell; django; fastapi; numpy; pytorch; tensorflow; matplotlib; sklearn;
        docker[a-z]{0,7}; kubernetes; kubectl; k8s; git; npm; pip3? install; webpack; node ?js; reg ?exp?; regexes;
        nginx; jquery; tailwind; vba; vs ?code; vim; axios; pytest; spring ?boot; hibernate; mybatis; vue[23x]?;
        next ?js; graphql; crontab; cron; makefile; cmake; gcc; opencv; selenium; c\+\+; c#; jvm; terraform; ansible;
        jupyter; bfs; dfs; lru; leetcode; goroutine; js; bash; flask; rest ?ful; websocket; oauth; jwt; ssh; grep;
        sed;
        awk; uniapp; elasticsearch; rabbitmq; maven; gradle; llvm; cuda; sdk; api; chmod; chown; sudo; rsync;
        systemctl; ffmpeg; prolog; eslint; arduino; openscad; jq; tikz; docstring; lua; erlang; clojure; webassembly;
        esp32; raspberry pi; latex code; wordpress plugin; userscript; mvc; orm; crud; rpc; grpc; vlookup; pseudo
        ?code; dom; ajax""",
        code=4,
    ),
    latin_phrases(
        "ambiguous technology",
        """python3?; java; rust; react; angular; svelte; flutter; linux; ubuntu; github; matlab; pandas; jest; yarn;
        aws; unity; swift; ruby; node; shell; ts; http; scala; perl""",
        code=3,
    ),
    latin_phrases(
        "programming term",
        """(?:quick|merge|bubble|heap|insertion|selection) ?sort; binary (?:search|tree|heap); linked list;
        data ?frame; hash ?(?:map|table|set); refactor[a-z]{0,3}; unit test; pull request; (?:for|while) loop;
        nested (?:loop|if); (?:list|dict) comprehension; (?:left|inner|outer) join; (?:foreign|primary) key;
        (?:time|space) complexity; big o; o n(?: log n)?; dynamic programming; two sum; dijkstra;
        recursi(?:on|ve|vely); async; polymorphism; command line; source code; local ?storage; sort(?:ing)? algorithm;
        data structure; object oriented; debounce; garbage collect[a-z]{1,3}; flexbox; css grid; (?:back|front) ?end;
        mutex; vectori[sz]e; nullable; stdin; stdout; code review; fizz ?buzz; pars(?:e|er|ing); debug[a-z]{0,4};
        compiler; localhost; thread safe; batch (?:file|script); bat file; dry run; create table; as a web ?page;
        command line tool; excel formula; one liner;
        web ?(?:hook|socket); web ?scrap[a-z]{1,4}; rebase; oop; middleware; dockerfile;
        multithread[a-z]{0,3}; concurrency; int; div; boolean; const; enum; struct; iterator; assembly language;
        type hint; nan; virtual ?env(?:ironment)?; dependency injection; design pattern; singleton""",
        code=4,
    ),
    latin_phrases(
        "reserved word",
        "(?:yield|static|final|await|async|const|this|super|virtual|volatile|inline|global|lambda|var|let|new|"
        "abstract) (?:keyword|operator|statement)",
        code=4,
    ),
    latin_phrases(
        "loose programming term",
        """lambda; callback; decorator; await; palindrome; endpoint; tcp; udp; null; props; curl; iterate; compile;
        programming language; socket; excel (?:column|formula|sheet|cell|function|file|macro); in excel; spreadsheet;
        google sheet""",
        code=2.5,
    ),
    latin_phrases("format", "json; ya?ml; xml; csv; url; utf ?8; base64", code=2),
    latin_phrases(
        "programming vocabulary",
        """function; method; classe?; script; program; programming; code; loop; algorithm; error; bug; string;
        array; list; quer(?:y|ie); table; column; server; thread; variable; argument; tuple; dict; dictionary; object;
        file; directory; folder; component; database; stack; queue; heap; node; input; return; terminal; web ?site;
        button; branch; commit; package; module; login; cache; row; token; crash(?:e|ing)?; deploy; request;
        implement;
        pointer; sort; nested; indentation; index; hook; install; duplicate; prints; exist; element; exception;
        library; app; framework; bot; key; static; inheritance; keyword; mock; closure; undefined; render""",
        code=1,
        max_count=2,
    ),
    latin_phrases(
        "in a language",
        rf"(?:in|using|with) {LANGUAGE};"
        r"(?:to|for|from) (?:python|javascript|typescript|java|rust|golang|php|c#|sql|bash|c\+\+)",
        code=2.5,
    ),
    latin_phrases(
        "program in a language",
        rf"{LANGUAGE} (?:program|script|function|snippet|code|class(?:es)?|one liner|macro|module|method|query|config)",
        code=2.5,
    ),
    latin_phrases("pair of ideas", f"{_IDEA}s? (?:and|vs|versus|or|to|into|from|with)(?: an?| the)? {_IDEA}", code=4),
    latin_phrases("asks for a program", rf"{_MAKE}(?: [a-z0-9+#]{{1,20}}){{0,5}}? {_PRODUCT}", math=-3, code=3),
    latin_phrases(
        "program that does something",
        "(?:function|script|program|regex|component|query|macro) (?:that|which|to|called|named);"
        "class (?:called|named|that represents|that inherits)|(?:create|write|make|need) an? class [a-z]{2,20} with",
        code=2,
    ),
    latin_phrases(
        "code at hand",
        "(?:my|this|these|our) "
        "(?:code|script|function|program|quer(?:y|ie)|loop|method|class|component|algorithm|test|array)",
        code=1.5,
    ),
    latin_phrases(
        "version control", "(?:last|previous|latest|my|the|old|a|two) commit; commit (?:message|history|hash)", code=3
    ),
    latin_phrases(
        "how to",
        "how (?:to|do i|can i|do you) "
        "(?:check|get|find|remove|reverse|sort|convert|loop|iterate|append|concatenate|split|merge|filter|declare|"
        "initiali[sz]e|import|deploy|undo|handle|call|access|sum|count|compare)",
        code=1.5,
    ),
)
