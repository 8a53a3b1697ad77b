"""Who forgets to say that a text is not English is told."""

from __future__ import annotations

import pytest

from services.parsing.backends import markdown
from services.parsing.edit import storyboard
from services.parsing.languages import other_than_english

TEXTS = {
    "German": (
        "Der Leuchtturm steht auf dem Felsen und die Lampe brennt in der Nacht. Er ist nicht neu, aber "
        "das Licht ist mit dem Öl aus dem Keller sehr hell und wird von den Wärtern gut gepflegt. Sie "
        "sind für die Schiffe da und warten auf den Morgen, wenn sich der Nebel hebt."
    ),
    "French": (
        "Le phare est sur le rocher et la lampe brûle dans la nuit. Il est vieux mais les gardiens sont "
        "avec des amis qui viennent par la mer, et ce que nous voyons est une lumière pour les bateaux "
        "du port, plus forte que la lune au mois de mai."
    ),
    "Spanish": (
        "El faro está en la roca y la lámpara arde por la noche. No es nueva, pero los guardas son "
        "buenos y la luz se ve como una estrella para los barcos que van por el mar con su carga, más "
        "allá del puerto y de las islas que están lejos."
    ),
    "Italian": (
        "Il faro è sulla roccia e la lampada brucia nella notte. Non è nuova, ma i guardiani sono bravi "
        "e la luce si vede come una stella per le navi che vanno con il carico verso gli scogli, più "
        "lontano del porto e anche delle isole che sono nel golfo."
    ),
    "Portuguese": (
        "O farol está na rocha e a lâmpada arde durante a noite. Não é nova, mas os guardas são bons e a "
        "luz se vê como uma estrela para os navios que vão com a carga ao porto, mais longe que as ilhas "
        "do mar, e não se apaga em um dia de chuva."
    ),
    "Dutch": (
        "De vuurtoren is op de rots en het licht brandt in de nacht. Het is niet nieuw, maar de wachters "
        "zijn goed en het licht wordt door de schepen van ver gezien als een ster voor wie op zee is, en "
        "dat is te danken aan de olie die er in de kelder ligt."
    ),
    "Russian": "Маяк стоит на скале, и лампа горит всю ночь. " * 6,
    "Ukrainian": "Маяк стоїть на скелі, і лампа горить цілу ніч, її світло бачить кожен. " * 4,
    "Greek": "Ο φάρος στέκει στον βράχο και η λάμπα καίει όλη τη νύχτα. " * 5,
    "Hebrew": "המגדלור עומד על הסלע והמנורה דולקת כל הלילה. " * 6,
    "Arabic": "تقف المنارة على الصخرة ويضيء المصباح طوال الليل. " * 6,
    "Hindi": "प्रकाशस्तंभ चट्टान पर खड़ा है और दीपक सारी रात जलता है। " * 8,
    "Chinese": "灯塔立在岩石上，灯火彻夜不灭。" * 9,
    "Japanese": "灯台は岩の上に立ち、ランプは一晩中燃えています。" * 6,
    "Korean": "등대는 바위 위에 서 있고 등불은 밤새 타오릅니다. " * 6,
}
ENGLISH = (
    "The lighthouse stands on the rock and the lamp burns all night long. It is not new, but the keepers are "
    "good, and the light is seen from far away by those who are at sea with their load, beyond the harbour."
)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_clearly_in_another_language_is_named(name: str) -> None:
    (warning,) = other_than_english([TEXTS[name]], language="en-US")

    assert warning.startswith(f"The text looks {name}; `--language ")


@pytest.mark.parametrize(
    "texts",
    [
        [ENGLISH],
        ["Der Turm ist alt und die Lampe brennt."],
        [ENGLISH, "Der Turm ist alt und die Lampe brennt in der Nacht."],
        [ENGLISH, "灯塔立在岩石上。"],
        ["alpha beta gamma delta " * 30],
        ["x1 = 5 " * 100],
        [],
    ],
)
def test_english_and_doubtful_texts_are_left_alone(texts: list[str]) -> None:
    assert other_than_english(texts, language="en") == ()


@pytest.mark.parametrize(("others", "named"), [(133, True), (134, False)])
def test_a_script_that_fewer_than_six_of_ten_letters_are_in_names_no_language(
    others: int, named: bool
) -> None:
    russian, latin = "маяк " * 50, "x" * others  # 200 letters, which are 60.1 % and 59.9 %

    warnings = other_than_english([russian, latin], language="en")

    assert bool(warnings) is named


def test_who_has_named_a_language_is_not_told_of_another() -> None:
    assert other_than_english([TEXTS["German"]], language="fr") == ()


def test_the_warning_stands_on_the_storyboard() -> None:
    outline = markdown.outline(f"# Turm\n\n{TEXTS['German']}", language="en")

    board = storyboard(outline, name="", language="en")

    assert tuple(warning.message for warning in board.warnings) == (
        "The text looks German; `--language de` chooses a voice for it.",
    )
