"""How a page serves those who do not see, do not point, or hold a phone: axe, and focus."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

from tests.browser.waiting import wait_for
from tests.waiting import until

# What axe finds and is Streamlit's own: the rule, and what the element's HTML has.
NOT_OURS = {
    # The place to drop files is named and yet called a mere decoration; the button in it is not.
    ("presentation-role-conflict", "stFileUploaderDropzone"),
    # Hints and menus are drawn in a layer of their own, beside all landmarks.
    ("region", "stFloatingOverlayPortal"),
}
# Streamlit's as well, and without a name. They come when something ends, and go within seconds.
TOASTS = "[data-testid=stToast]"
# Nothing fades in, which has not its full contrast at first, and no script of the page runs.
RESTS = """document.getAnimations().every(animation => animation.playState !== "running")
    && document.querySelector("[data-testid=stApp]").dataset.testScriptState === "notRunning"
    && !document.querySelector("[data-stale=true]")"""
WATCH = """() => {
    window.hasChanged = false
    new MutationObserver(() => { window.hasChanged = true }).observe(
        document.querySelector("[data-testid=stApp]"),
        {attributes: true, attributeFilter: ["data-test-script-state"]},
    )
}"""
# A redraw may send the focus back to where the page begins.
MOST_TABS = 160


def expect_access(page: Page) -> None:
    """Wait until axe finds nothing on a page that rests, and nothing lies beside the window."""
    page.mouse.move(0, 0)  # what the mouse is on looks different, and may say something
    found: list[str] = []

    def is_settled() -> bool:
        wait_for(page, RESTS)
        page.evaluate(WATCH)
        found[:] = findings(page)
        # What a script of the page has not drawn again fades while it runs.
        return not found or page.evaluate("() => !window.hasChanged") is True

    until(is_settled, "a page at rest")
    assert not found, "\n".join(found)
    until(lambda: not out_of_sight(page), "an end of what slides in")


def findings(page: Page) -> list[str]:
    """What axe finds on the page as it is now, however grave, one line for each element."""
    page.evaluate(AXE_SCRIPT)
    result: dict[str, Any] = page.evaluate(
        "toasts => axe.run({exclude: [[toasts]]}, {resultTypes: ['violations']})", TOASTS
    )
    return [
        f"{finding['id']}: {finding['help']}: {node['html'][:200]}"
        for finding in result["violations"]
        for node in finding["nodes"]
        if not any(finding["id"] == rule and words in node["html"] for rule, words in NOT_OURS)
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
    expect(target).to_be_visible()
    for _ in range(MOST_TABS):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if target.evaluate("element => element === document.activeElement"):
            break
    else:
        raise AssertionError(f"Tab does not come to {target}")
    wait_for(  # it fades in
        page,
        """(() => {
            const element = document.activeElement
            const around = [element, element.parentElement, element.parentElement?.parentElement]
            return around.some(each => each && (getComputedStyle(each).boxShadow !== "none"
                || getComputedStyle(each).outlineStyle !== "none"
                || each.matches("input, textarea")))  // these have a cursor, and a coloured border
        })()""",
    )
