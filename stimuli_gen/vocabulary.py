"""Words that a study's settings and the HTTP API share: steps, stages, languages."""

from typing import Annotated, Literal

from pydantic import Field

Step = Literal["questionnaire", "level", "headphones", "instructions"]
"""What comes between consent and trials."""
Stage = Literal["questionnaire", "level", "headphones", "instructions", "trials", "finished"]
HeadphoneCheck = Literal["off", "advisory", "required"]
Scale = Literal["quality", "similarity"]
"""Words of the five intervals: Bad … Excellent (Rec. ITU-R BS.1534); very different … the same."""
Language = Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$", examples=["en"])]
"""ISO 639-1, with a country where it matters: ``en``, ``pt-BR``."""
