"""Routes of language models: what they may cost the organization."""

from __future__ import annotations

from litestar import Controller, delete, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from control_api.auth.guards import admin, viewer
from control_api.bodies import check_json_body
from control_api.llm.schemas import BudgetLimits, BudgetView
from control_api.llm.service import BudgetService
from extraction.llm.settings import LlmSettings
from storage.accounts import Account
from storage.database import Database


def provide_budget(database: NamedDependency[Database], account: NamedDependency[Account]) -> BudgetService:
    """The budget of the organization that asks."""
    return BudgetService(database, account, LlmSettings())


class LlmController(Controller):
    """`/api/v1/llm`."""

    path = "/api/v1/llm"
    tags = ("Language models",)
    guards = (viewer,)
    dependencies = {"budget": Provide(provide_budget, sync_to_thread=False)}  # noqa: RUF012  Litestar's way

    @get("/budget", summary="The budget for language models")
    async def show(self, budget: NamedDependency[BudgetService]) -> BudgetView:
        """What the organization's questions to language models may cost, and have cost in the budget's days."""
        return await budget.get()

    @put("/budget", guards=[admin], before_request=check_json_body, summary="Set the budget")
    async def change(self, data: JSONBody[BudgetLimits], budget: NamedDependency[BudgetService]) -> BudgetView:
        """Sets both limits; null is no limit. A question that could pass one is not sent, from the next one on."""
        return await budget.set(data)

    @delete("/budget", guards=[admin], status_code=200, summary="Go back to the settings' budget")
    async def reset(self, budget: NamedDependency[BudgetService]) -> BudgetView:
        """Takes the organization's own limits away; those of the deployment's settings hold again."""
        return await budget.reset()
