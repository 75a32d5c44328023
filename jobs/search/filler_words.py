"""Words of questions that say how to answer rather than what is asked.

Any of them may be what is asked, or stand in its answer: they weigh less, and are not left out.
"""

from __future__ import annotations

# ISO 639-1 codes.
_FILLER = {
    "en": "answer answered answering answers respond response reply question questions asked give "
    "given giving provide provided providing state stated explain explained explanation tell "
    "show showing shown shows listed describe described summarize summarise outline "
    "outlined mention mentioned mentioning identify calculate calculated calculating "
    "calculation compute computed computing determine extract derive define defined "
    "definition assume assuming assumed suppose imagine consider considering perspective "
    "standpoint viewpoint act acting reader analyst analysts base based basing "
    "basis accordance according rely relying reliance use used uses using utilize utilizing "
    "utilise drawing conclusions conclusion judgment judgments judgement judgements "
    "primarily mainly solely exclusively strictly detail details detailed "
    "clearly plainly "
    "explicitly best abilities ability please kindly help want need like know find "
    "look looking get let let's following follows below above here's round rounded rounding "
    "nearest decimal decimals briefly "
    "exact exactly approximately roughly reasonable possible "
    "useful relevant meaningful metric something thing things regarding respect concerning "
    "relating related there's what's who's currently",
    "de": "antwort antworten antworte beantworte beantworten frage fragen gib geben nenne nennen "
    "erkläre erklären erläutere beschreibe zeige zeigen liste auflisten berechne berechnen "
    "ermittle bestimme definiere angenommen bitte anhand basierend grundlage laut gemäß "
    "verwende verwenden angaben information informationen details dokument dokumente text "
    "quelle quellen runde gerundet nachkommastellen einheit kurz genau ungefähr etwa sag sage "
    "sagen wissen finde finden möchte",
    "fr": "réponse réponds répondez répondre question donne donnez donner explique expliquez "
    "décris décrivez indique indiquez indiquer montre montrez liste calcule calculez calculer "
    "détermine définis supposons veuillez selon d'après basé utilise utilisez utilisant "
    "informations information détails document documents texte source arrondi arrondissez "
    "unité brièvement exactement environ dis dites savoir trouve trouver voudrais",
    "es": "respuesta responde responda responder pregunta da dé dame explica explique describe "
    "indica indique muestra enumera calcula calcule calcular determina define según basado "
    "usando utiliza información detalles documento documentos texto fuente redondea unidad "
    "brevemente exactamente aproximadamente favor di dime saber encuentra quisiera",
    "it": "risposta rispondi rispondere domanda dai dammi spiega descrivi indica mostra elenca "
    "calcola calcolare determina definisci secondo basandosi usando utilizza informazioni "
    "dettagli documento documenti testo fonte arrotonda unità brevemente esattamente circa "
    "dimmi sapere trova vorrei favore",
    "pt": "resposta responda responder pergunta dê explique descreva indique mostre liste calcule "
    "calcular determine defina segundo baseado usando utilize informações detalhes documento "
    "documentos texto fonte arredonde unidade brevemente exatamente aproximadamente diga "
    "saber encontre gostaria favor",
    "nl": "antwoord antwoorden beantwoord vraag geef geven leg uitleg beschrijf toon noem bereken "
    "berekenen bepaal definieer volgens gebaseerd basis gebruik gebruikmakend informatie "
    "details document documenten tekst bron rond eenheid kort precies ongeveer zeg weten vind "
    "graag",
}


def filler_of(language: str) -> frozenset[str]:
    """Return such words of a language, in small letters; none of most languages."""
    return frozenset(_FILLER.get(language, "").split())
