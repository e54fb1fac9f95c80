"""What can go wrong with a question to a model. No page is lost by it: who asks keeps what it had before."""

from __future__ import annotations

from extraction.errors import ExtractionError


class LlmError(ExtractionError):
    """A model gave no answer that can be used."""

    code = "LLM_ERROR"
    status = 502


class BudgetPassedError(LlmError):
    """The question was not sent: at its worst it would pass the budget of the job or of the organization."""

    code = "LLM_BUDGET_PASSED"
    status = 402


class RefusedError(LlmError):
    """The model declined to answer."""

    code = "LLM_REFUSED"


class UnavailableError(LlmError):
    """The model's server does not answer, or not in a language that we know."""

    code = "LLM_UNAVAILABLE"
    status = 503
