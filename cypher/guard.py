"""Whether a query only reads: said before it is sent to any store.

Neo4j enforces read transactions itself, but not against `LOAD CSV`, procedures and administration; the local
graph enforces nothing. So both are held by this one check on the query's tokens. A word that could start a writing
clause is refused wherever it is not certainly a name; procedures and functions in namespaces are refused unless
they are known to read only.
"""

from __future__ import annotations

from headwater.cypher.errors import QueryRefused
from headwater.cypher.tokens import (
    NUMBER,
    QUOTED_NAME,
    SIGN,
    STRING,
    WORD,
    Token,
    Unreadable,
    tokenize,
)

_WRITES = {
    "CREATE": "creates nodes, edges or schema",
    "MERGE": "creates what it does not find",
    "INSERT": "creates nodes and edges",
    "DELETE": "deletes",
    "DETACH": "deletes",
    "NODETACH": "deletes",
    "SET": "changes properties or labels",
    "REMOVE": "removes properties or labels",
    "DROP": "drops indexes, constraints or databases",
    "FOREACH": "exists only to write",
}
_ADMINISTRATION = {
    *("SHOW", "ALTER", "GRANT", "DENY", "REVOKE", "START", "STOP", "TERMINATE", "ENABLE"),
    *("DISABLE", "RENAME", "DEALLOCATE", "REALLOCATE", "DRYRUN", "BEGIN", "COMMIT", "ROLLBACK"),
    *("IMPORT", "EXPORT", "BACKUP", "TRUNCATE", "DEFINE", "UPDATE", "SELECT", "CONSOLE", "CHECK"),
    *("LOCK", "REBUILD", "ALIGN", "RELOAD"),
}
_ADMINISTERED = {
    *("ALIAS", "ALIASES", "CONSTRAINT", "CONSTRAINTS", "CURRENT", "DATABASE", "DATABASES"),
    *("FUNCTION", "FUNCTIONS", "HOME", "IMMUTABLE", "INDEX", "INDEXES", "PRIVILEGE", "PRIVILEGES"),
    *("PROCEDURE", "PROCEDURES", "ROLE", "ROLES", "SERVER", "SERVERS", "SETTING", "SETTINGS"),
    *("SUPPORTED", "TRANSACTION", "TRANSACTIONS", "USER", "USERS", "DEFAULT", "FULLTEXT", "RANGE"),
    *("VECTOR", "LOOKUP", "POPULATED", "EXISTENCE", "UNIQUENESS", "UNIQUE"),
}
_LOADED = {"CSV", "JSON", "PARQUET", "XML", "DATA"}

_SCHEMA = ("db.labels", "db.relationshipTypes", "db.propertyKeys", "db.schema.visualization")
_PATHS = ("path.subgraphNodes", "path.subgraphAll", "path.expand", "path.expandConfig", "path.spanningTree")
_APOC_PATHS = tuple(f"apoc.{name}" for name in _PATHS)
_PROCEDURES = {
    "neo4j": (*_SCHEMA, "db.schema.nodeTypeProperties", "db.schema.relTypeProperties", *_APOC_PATHS),
    "local": (*_SCHEMA, *_PATHS, *_APOC_PATHS),
}
# namespaces whose functions only compute; a trailing dot stands for everything below
_FUNCTIONS = (
    *("date.", "datetime.", "time.", "localtime.", "localdatetime.", "duration.", "point.", "vector."),
    *("text.", "coll.", "math.", "string.", "list."),
    *("apoc.agg.", "apoc.coll.", "apoc.convert.", "apoc.data.", "apoc.date.", "apoc.hashing.", "apoc.json."),
    *("apoc.label.", "apoc.map.", "apoc.math.", "apoc.meta.", "apoc.node.", "apoc.nodes.", "apoc.number."),
    *("apoc.path.", "apoc.rel.", "apoc.temporal.", "apoc.text.", "apoc.util.md5", "apoc.util.sha"),
    *("gds.similarity.", "gds.util.", "db.namefromelementid"),
)
_OUTSIDE_FUNCTIONS = {"file", "linenumber", "eval", "exec", "sql", "js", "java", "getenv", "http", "load"}

# a word after `call` that shows it to be a variable: no procedure lives outside a namespace
_AFTER_A_VARIABLE = {
    *("ALL", "AND", "AS", "ASC", "ASCENDING", "CALL", "CONTAINS", "DESC", "DESCENDING", "ELSE"),
    *("END", "ENDS", "FILTER", "FINISH", "FROM", "IN", "IS", "LET", "LIMIT", "MATCH", "NEXT"),
    *("NOT", "OFFSET", "ON", "OPTIONAL", "OR", "ORDER", "RETURN", "SKIP", "STARTS", "THEN"),
    *("UNION", "UNWIND", "USING", "WHEN", "WHERE", "WITH", "XOR", "YIELD"),
}
_BEFORE_A_STATEMENT = {"UNION", "NEXT", "THEN", "ELSE"}
_ADVICE = "Queries here only read; nothing was sent."


def check_read_only(text: str, dialect: str) -> None:
    """Refuse a query unless it certainly only reads this graph.

    Args:
        text: one Cypher statement.
        dialect: the store's, "neo4j" or "local": they have different procedures.

    Raises:
        QueryRefused: it writes, loads from outside, administers, runs other code, is more than one statement, or
            cannot be read with certainty. The message has the line, the column and what to do instead.
    """
    try:
        tokens = tokenize(text)
    except Unreadable as error:
        raise _refused(text, error.position, f"there is {error.what}.") from None
    if not tokens:
        raise _refused(text, 0, "there is no query.")
    _Check(text, tokens, _PROCEDURES[dialect]).run()


def _refused(text: str, position: int, why: str, advice: str = _ADVICE) -> QueryRefused:
    before = text[:position]
    line = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1) + 1
    return QueryRefused(f"the query was refused at {line}:{column}: {why} {advice}")


_END = Token(SIGN, "", -1)


class _Check:
    def __init__(self, text: str, tokens: list[Token], procedures: tuple[str, ...]) -> None:
        self._text = text
        self._tokens = tokens
        self._procedures = procedures

    def run(self) -> None:
        for index, token in enumerate(self._tokens):
            if token.kind == SIGN and token.text == ";":
                if index + 1 < len(self._tokens):
                    raise self._refuse(token, "there is more than one statement. Send them one by one.")
            elif token.kind in (WORD, QUOTED_NAME):
                self._check_function(index)
                if token.kind == WORD and not self._is_name(index):
                    self._check_word(index, token)

    def _at(self, index: int) -> Token:
        return self._tokens[index] if 0 <= index < len(self._tokens) else _END

    def _refuse(self, token: Token, why: str, *, name: bool = False) -> QueryRefused:
        hint = f" If {token.text} is a name here, put it into backticks: `{token.text}`." if name else ""
        return _refused(self._text, token.position, why + hint)

    def _is_name(self, index: int) -> bool:
        """Whether a word is certainly a property, a label, an edge's type or a map's key."""
        before, after = self._at(index - 1), self._at(index + 1)
        if before.kind != SIGN:
            return False
        if before.text == ".":
            # `1.SET` may be a number and a clause
            return self._at(index - 2).kind != NUMBER
        if before.text in (":", "&", "!", "$"):
            return True
        if before.text == "|":
            return self._in_type_pattern(index)
        return before.text in ("{", ",") and after.kind == SIGN and after.text == ":"

    def _in_type_pattern(self, index: int) -> bool:
        """Whether a word after `|` is one of several labels or types: `[:A|B]`."""
        index -= 2
        while self._at(index).kind in (WORD, QUOTED_NAME):
            before = self._at(index - 1)
            if before.kind != SIGN or before.text not in (":", "|"):
                return False
            if before.text == ":":
                return True
            index -= 2
        return False

    def _check_word(self, index: int, token: Token) -> None:
        key, following = token.key, self._at(index + 1)
        if key in _WRITES:
            raise self._refuse(token, f"{key} {_WRITES[key]}.", name=True)
        if key == "LOAD" and following.key in _LOADED:
            raise self._refuse(token, f"LOAD {following.key} reads from outside the graph.", name=True)
        if key == "PERIODIC" and following.key == "COMMIT":
            raise self._refuse(token, "PERIODIC COMMIT commits transactions of its own.")
        if key == "USE" and self._starts_statement(index):
            raise self._refuse(token, "USE goes to another graph.", name=True)
        if key in _ADMINISTRATION and (self._starts_statement(index) or following.key in _ADMINISTERED):
            raise self._refuse(token, f"{key} administers the server.", name=True)
        if key == "CALL":
            self._check_call(index)
        if key in ("TRANSACTION", "TRANSACTIONS") and self._ends_subquery(index):
            raise self._refuse(token, "CALL { … } IN TRANSACTIONS commits on its own.", name=True)

    def _starts_statement(self, index: int) -> bool:
        """Whether a word stands where a statement may begin: first, in a block, or after EXPLAIN and the like."""
        before, after = self._at(index - 1), self._at(index + 1)
        if before is _END:
            return True
        if before.kind == SIGN and before.text == "{":
            return after.text not in (",", "}")  # else it is a name in a map: n {start, stop}
        if before.kind == WORD and not self._is_name(index - 1):
            if before.key in _BEFORE_A_STATEMENT:
                return True
            if before.key in ("ALL", "DISTINCT") and self._at(index - 2).key == "UNION":
                return True
        return self._is_prefix(index)

    def _is_prefix(self, end: int) -> bool:
        """Whether everything before is EXPLAIN, PROFILE, or CYPHER with its options."""
        index = 0
        while index < end:
            token = self._at(index)
            if token.key in ("EXPLAIN", "PROFILE", "CYPHER") or token.kind == NUMBER:
                index += 1
            elif token.kind == WORD and self._at(index + 1).text == "=" and index + 2 < end:
                index += 3
            else:
                return False
        return True

    def _ends_subquery(self, index: int) -> bool:
        """Whether `TRANSACTIONS` may belong to `} IN [number] [CONCURRENT] TRANSACTIONS`."""
        return any(self._at(at).text == "}" and self._at(at + 1).key == "IN" for at in range(index - 1))

    def _dotted(self, index: int) -> tuple[str, int]:
        """The dotted name that begins at a token, in lower case, and the index after it."""
        parts = [self._at(index).text]
        index += 1
        while self._at(index).text == "." and self._at(index + 1).kind in (WORD, QUOTED_NAME):
            parts.append(self._at(index + 1).text)
            index += 2
        return ".".join(parts).lower(), index

    def _check_call(self, index: int) -> None:
        following = self._at(index + 1)
        if following.kind in (STRING, NUMBER) or following.text == "$":
            raise self._refuse(following, "CALL needs a procedure's name.")
        if following.kind not in (WORD, QUOTED_NAME):
            return  # a subquery, whose words are checked like all others, or a variable called `call`
        name, end = self._dotted(index + 1)
        if end == index + 2 and following.kind == WORD and following.key in _AFTER_A_VARIABLE:
            return
        if name not in (allowed.lower() for allowed in self._procedures):
            listed = ", ".join(self._procedures)
            raise self._refuse(
                following, f"the procedure {name} is not one of those that only read ({listed})."
            )

    def _check_function(self, index: int) -> None:
        before = self._at(index - 1)
        if before.kind == SIGN and before.text == "." and self._at(index - 2).kind in (WORD, QUOTED_NAME):
            return  # seen with the first part of its name
        name, end = self._dotted(index)
        if self._at(end).text != "(" or self._at(end).kind != SIGN or before.key == "CALL":
            return
        if before.kind == SIGN and before.text in (":", "|", "&", "!") and "." not in name:
            return  # a label before a parenthesis
        if name in _OUTSIDE_FUNCTIONS:
            raise self._refuse(self._at(index), f"the function {name} reaches outside the graph.")
        if "." in name and not name.startswith(_FUNCTIONS):
            raise self._refuse(
                self._at(index),
                f"the function {name} is not one of those that only compute "
                f"({', '.join(prefix + '*' * prefix.endswith('.') for prefix in _FUNCTIONS)}).",
            )
