"""What of a text its writer wrote, what is quoted history, and what is the signature.

There is no standard for any of it but the signature separator (RFC 3676, 4.3); this goes by what mail programs write:

- lines that begin with `>`, with the line that says who wrote them;
- from a line such as `-----Original Message-----`, or a block of header fields as Outlook writes it, everything behind;
- from the line `-- ` on, the signature, up to the history, if that stands below; or the last line, where a telephone
wrote it.

What is not recognised stays in the text. Time is linear in the text: every expression is anchored at a line and
looks at a bounded number of characters, or takes what it takes for good.
"""

# ruff: noqa: RUF001 - words of many languages

from __future__ import annotations

import re
from typing import NamedTuple


class SplitText(NamedTuple):
    """A text in three: what its writer wrote, quoted history and signature; empty where there is none."""

    text: str
    quoted: str
    signature: str


# Lines from which on all is history: "Original Message" and "forwarded message" as mail programs write them, between
# rules.
_ORIGINAL = (
    r"(?:original message|forwarded message|forwarded by|begin forwarded message|original[- ]nachricht"
    r"|ursprüngliche nachricht|weitergeleitete nachricht|anfang der weitergeleiteten|message d'origine"
    r"|message transféré"
    r"|message original|début du message réexpédié|mensaje original|mensaje reenviado|mensagem original"
    r"|mensagem encaminhada|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht"
    r"|originalmeddelande|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti"
    r"|původní zpráva|wiadomość oryginalna|oryginalna wiadomość|eredeti üzenet|исходное сообщение"
    r"|пересылаемое сообщение|пересланное сообщение|原始邮件|原始郵件|转发邮件|元のメッセージ|原本郵件|원본 메시지)"
)
_RULE = re.compile(r"\n[ \t]{0,3}-{2,20}+[ \t]{0,2}(?i:" + _ORIGINAL + r")[^\n]{0,80}(?=\n|\Z)")
# What begins a line and ends in a colon: a field of a block of history, as the interface languages of Outlook name
# them.
_FIELD = re.compile(r"\n([^\n:：]{1,44}+)[:：]")
_FORWARDED = frozenset(
    {
        *("begin forwarded message", "anfang der weitergeleiteten nachricht", "début du message réexpédié"),
        *("inizio messaggio inoltrato", "inicio del mensaje reenviado", "início da mensagem encaminhada"),
        *("início da mensagem reencaminhada",),
    }
)
_FROM = frozenset(
    {
        *("from", "von", "de", "da", "van", "från", "fra", "od", "feladó", "lähettäjä", "от", "отправитель", "발신"),
        *("发件人", "發件人", "寄件者", "差出人", "보낸 사람", "gönderen", "expéditeur", "remitente"),
    }
)
_OTHERS = frozenset(
    {
        *("sent", "date", "to", "cc", "bcc", "subject", "reply-to", "importance", "attachments"),
        *("gesendet", "datum", "an", "betreff", "wichtigkeit", "envoyé", "à", "objet"),
        *("enviado", "enviado el", "enviado em", "enviada em", "para", "asunto", "assunto", "data", "fecha"),
        *(
            "inviato",
            "a",
            "oggetto",
            "verzonden",
            "aan",
            "onderwerp",
            "skickat",
            "till",
            "ämne",
            "sendt",
            "til",
            "emne",
        ),
        *("lähetetty", "vastaanottaja", "aihe", "odesláno", "komu", "předmět", "wysłano", "do", "temat", "küldve"),
        *(
            "címzett",
            "tárgy",
            "отправлено",
            "дата",
            "кому",
            "копия",
            "тема",
            "发送时间",
            "收件人",
            "抄送",
            "主题",
            "日期",
        ),
        *(
            "寄件日期",
            "收件者",
            "副本",
            "主旨",
            "送信日時",
            "宛先",
            "件名",
            "日付",
            "보낸 날짜",
            "받는 사람",
            "참조",
            "제목",
        ),
    }
)
_LEAST_OTHERS = 2
_MOST_LINES_APART = 3  # a field may be folded
_FIELDS_LOOKED_AT = 20_000  # of a text that is a list of nothing else
_RULE_OF_OUTLOOK = re.compile(r"\n_{10,80}+[ \t]{0,3}\n{1,2}\Z")

# A run of lines that begin with `>`. `>From ` alone is the mbox's quoting, not a person's.
_QUOTED_LINES = re.compile(r"(?:(?<=\n)|\A) ?>(?!From )[^\n]*+(?>(?:\n ?>[^\n]*+)*)")
_WROTE = (
    r"(?:wrote|writes|written|said|schrieb|schreibt|geschrieben|a écrit|écrit|écrivait|escribió|escribe"
    r"|escreveu|ha scritto"
    r"|scrive|schreef|skrev|skriver|kirjoitti|napsala?|píše|napisala?|napisał(?:\(a\)|a)?|pisze|írta|написала?"
    r"|пишет|пише"
    r"|yazdı|写道|寫道|wrote on|のメール|さんは書きました|님이 작성)"
)
_ATTRIBUTION_END = re.compile(_WROTE + r"[^\n]{0,120}[:：>]?[ \t]{0,3}\Z", re.IGNORECASE)
_ATTRIBUTION_WINDOW = 400
_ATTRIBUTION_LINES = 3
_NAMES_WHEN_OR_WHO = re.compile(r"\d{1,4}[-./]\d{1,2}|\d{1,2}:\d\d|\d{4}|[^\s@<>]{1,64}@[^\s@<>]{1,250}")
_BEGINS_ATTRIBUTION = re.compile(
    r"[ \t]{0,3}(?:(?:on|am|le|el|il|op|em|no dia|den|dne|w dniu|dnia|в|at|in|mon|tue|wed|thu|fri|sat|sun)\b|\d)",
    re.IGNORECASE,
)
# Where nothing is marked, as in plain text of Yahoo: a date, an address or a time, and `wrote:` at the end of a line.
_UNMARKED = re.compile(
    r"\n((?:On|Am|Le|El|Il|Op|Em|Den|Dne) [^\n]{0,200}(?:\n[^\n]{1,120})?"
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev):)[ \t]{0,3}(?=\n|\Z)"
)

_SIGNATURE_LINES = 40
_SIGNATURE_CHARACTERS = 4000
_SHORT_SIGNATURE_LINES = 12
_MOBILE = re.compile(
    r"(?:sent from (?:my|yahoo|mail for|outlook|samsung|proton|the all new aol|a mobile|an? )|sent via |sent with "
    r"|get outlook for |get \[outlook|von meinem \S{1,30} gesendet|gesendet von |gesendet mit "
    r"|diese nachricht wurde von meinem "
    r"|envoyé (?:de|depuis|à partir) |enviado (?:desde|do|de|via) |inviato (?:da|dal) |verzonden (?:vanaf|met"
    r"|van|vanuit) "
    r"|verstuurd vanaf |skickat från |sendt fra |lähetetty |odesláno z |wysłane z |отправлено (?:с|из) "
    r"|iphoneから送信|ipadから送信|androidから送信|发自我的|從我的 ?\S{1,20}傳送|나의 \S{1,20}에서 보냄)",
    re.IGNORECASE,
)
_MOBILE_CHARACTERS = 160


def split_text(text: str) -> SplitText:
    """Take a text apart. `text` has LF as line break, and comes apart into pieces that are stripped of blank lines."""
    body, quoted = _without_history(text)
    body, signature = _without_signature(body)
    return SplitText(body.strip("\n \t"), quoted.strip("\n"), signature.strip("\n"))


def _without_history(text: str) -> tuple[str, str]:
    tail = ""
    start = _history_start(text)
    if start >= 0:
        text, tail = text[:start], text[start:]
    if ">" not in text:
        return text, tail
    kept: list[str] = []
    quoted: list[str] = []
    position = 0
    for run in _QUOTED_LINES.finditer(text):
        before = text[position : run.start()]
        cut = _attribution_start(before)
        kept.append(before[:cut])
        quoted.append(before[cut:].strip("\n"))
        quoted.append(run[0])
        position = run.end()
    if not position:
        return text, tail
    kept.append(text[position:])
    quoted.append(tail)
    return "".join(kept), "\n".join(piece for piece in quoted if piece)


def _history_start(text: str) -> int:
    """Where a block of history begins that goes on to the end of the text; -1 where none does."""
    # A line break before the first line lets one expression find it, too.
    searched = f"\n{text}"
    starts = []
    if "---" in text and (rule := _RULE.search(searched)) is not None:
        starts.append(rule.start())
    if (":" in text or "：" in text) and (fields := _block_start(searched)) >= 0:
        starts.append(fields)
    if (":\n" in searched or ": \n" in searched) and (unmarked := _UNMARKED.search(searched)) is not None:
        # Where the history is marked, that says better where it ends.
        following = searched[unmarked.end() : unmarked.end() + 200].lstrip()
        if _NAMES_WHEN_OR_WHO.search(unmarked[1]) is not None and following and not following.startswith((">", "|")):
            starts.append(unmarked.start())
    # In `searched`, the line break before a line stands where in the text that line begins.
    return min(starts, default=-1)


def _block_start(searched: str) -> int:
    """Where a block of header fields begins, as programs write it above a message that they quote; -1 where none
    does."""
    start = line = -1
    others = position = 0
    for number, found in enumerate(_FIELD.finditer(searched)):
        name = found[1].strip(" \t\u00a0*").lower()
        if name in _FROM:
            start, others = found.start(), 0
        elif name in _FORWARDED:
            return found.start()
        elif start < 0 or name not in _OTHERS:
            if number >= _FIELDS_LOOKED_AT:
                break
            continue
        elif searched.count("\n", line, found.start()) > _MOST_LINES_APART:
            start = -1
            continue
        else:
            others += 1
            if others >= _LEAST_OTHERS:
                position = start
                break
        line = found.start()
    else:
        return -1
    if others < _LEAST_OTHERS:
        return -1
    above = _RULE_OF_OUTLOOK.search(searched, max(0, position - 90), position + 1)
    return position if above is None else above.start()


def _attribution_start(before: str) -> int:
    """Where in the text before quoted lines the line begins that says who wrote them, which may be broken into a
    few."""
    window = before[-_ATTRIBUTION_WINDOW:].rstrip()
    if not window:
        return len(before)
    end = len(before) - len(before[-_ATTRIBUTION_WINDOW:]) + len(window)
    lines = window.split("\n")
    last = lines[-1]
    if _ATTRIBUTION_END.search(last) is None and not (last.endswith(":") and _NAMES_WHEN_OR_WHO.search(last)):
        return len(before)
    taken = 1
    for number in range(1, min(_ATTRIBUTION_LINES, len(lines)) + 1):
        if not lines[-number].strip():
            break
        if _BEGINS_ATTRIBUTION.match(lines[-number]) is not None:
            taken = number
            break
    return end - len("\n".join(lines[-taken:]))


def _without_signature(text: str) -> tuple[str, str]:
    text = text.rstrip()
    start = _separator(text)
    if start >= 0:
        # The footer of a mailing list has a separator of its own, below that of the writer.
        above = _separator(text[:start].rstrip())
        start = above if above >= 0 else start
        return text[:start], text[start:]
    last = text.rfind("\n") + 1
    if len(text) - last <= _MOBILE_CHARACTERS and _MOBILE.match(text, last) is not None:
        return text[:last], text[last:]
    return text, ""


def _separator(text: str) -> int:
    """Where the signature separator stands; -1 where there is none."""
    if "--" not in text:
        return -1
    searched = f"\n{text}\n"
    start = searched.rfind("\n-- \n")
    lines = _SIGNATURE_LINES
    if start < 0:
        # Programs that strip lines leave two hyphens; these are also used as a rule, so what follows must be short.
        start = searched.rfind("\n--\n")
        lines = _SHORT_SIGNATURE_LINES
    if start < 0 or len(searched) - start > _SIGNATURE_CHARACTERS or searched.count("\n", start) > lines + 2:
        return -1
    return start
