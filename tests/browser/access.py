"""How a page serves those who do not see, do not point, or hold a phone: axe, and focus."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page

GRAVE = ("serious", "critical")
MOST_TABS = 80


def grave_findings(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is now, one line for each element."""
    page.evaluate(AXE_SCRIPT)
    result: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{finding['id']}: {finding['help']}: {node['html'][:200]}"
        for finding in result["violations"]
        if finding["impact"] in GRAVE
        for node in finding["nodes"]
    ]


def out_of_sight(page: Page) -> list[str]:
    """The controls beside the main part that no scrolling down brings into sight."""
    names: list[str] = page.evaluate(
        """() => {
            const controls = "button, input, textarea, summary, a, [data-testid=stDataFrame]"
            const main = document.querySelector("[data-testid=stMain]")
            return [...main.querySelectorAll(controls)].filter(control => {
                const box = control.getBoundingClientRect()
                // What is not there has no size; what is for screen readers alone, hardly any.
                return box.width > 1 && (box.left < 0 || box.right > innerWidth + 1)
            }).map(control => control.outerHTML.slice(0, 200))
        }"""
    )
    return names


def tab_to(page: Page, target: Locator, *, backwards: bool = False) -> None:
    """Press Tab until the target has the focus, and see to it that one can tell."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if target.evaluate("element => element === document.activeElement"):
            break
    else:
        raise AssertionError(f"Tab does not come to {target}")
    assert target.evaluate(
        """element => [element, element.parentElement, element.parentElement.parentElement].some(
            each => getComputedStyle(each).boxShadow !== "none"
                || getComputedStyle(each).outlineStyle !== "none"
                || each.matches("input, textarea")  // these have a cursor, and a coloured border
        )"""
    ), f"the focus on {target} cannot be seen"
