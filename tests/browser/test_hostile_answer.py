"""A document and a model that want to send words away: the browser asks no foreign host."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_journey import expect_row, expect_state
from tests.fakes import FakeModelServer

HOST = "evil.example"
HOSTILE = (
    f"![a](http://{HOST}/a.png) [press]({HOST}) <img src='http://{HOST}/b.png' "
    f"onerror='alert(1)'> <script>alert(2)</script> http&#58;//{HOST} www.{HOST} "
    f"\\\\http://{HOST} a ` b <http://{HOST}> c"
)
NAME = "<img src=x onerror=alert(3)> ![a](x).txt"


def test_nothing_leaves_for_a_foreign_host(page: Page, model: FakeModelServer) -> None:
    """Neither the question, nor an answer, a name or a passage loads, links or runs anything."""
    foreign: list[str] = []
    dialogs: list[str] = []
    own = page.url.split("/", 3)[2]
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("data:", "blob:")) or own in request.url
            else foreign.append(request.url)
        ),
    )
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    page.get_by_role("link", name="Documents").click()
    file = {"name": NAME, "mimeType": "text/plain", "buffer": f"Zanzibar {HOSTILE}".encode()}
    page.locator("input[type=file]").set_input_files([file])
    expect_row(page, "onerror=alert(3)", "Indexed", "you")
    page.get_by_role("link", name="Ask").click()
    model.answer = f"Zanzibar is {HOSTILE} [1]."
    page.get_by_placeholder("Ask your documents…").fill(f"What of Zanzibar? {HOSTILE}")
    page.get_by_placeholder("Ask your documents…").press("Enter")
    expect_state(page, "Finished")
    page.locator("[class*='st-key-citations_']").get_by_role("button").first.click()
    expect(page.get_by_role("dialog").get_by_text("Zanzibar").first).to_be_visible()

    assert page.locator(f"a[href*='{HOST}'], img[src*='{HOST}'], img[src='x']").count() == 0
    assert foreign == []
    assert blocked(page) == {"img-src", "script-src-elem", "connect-src"}
    assert dialogs == []


def blocked(page: Page) -> set[str]:
    """What the page's policy stops, should something become markup all the same."""
    violated = page.evaluate(
        f"""async () => {{
            const violated = [];
            const note = (event) => violated.push(event.effectiveDirective);
            document.addEventListener("securitypolicyviolation", note);
            const image = new Image();
            const failed = new Promise((resolve) => (image.onerror = resolve));
            image.src = "http://{HOST}/c.png";
            const script = document.createElement("script");
            script.textContent = "alert(4)";
            document.body.append(image, script);
            await fetch("http://{HOST}/d").catch(() => null);
            await failed;
            return violated;
        }}"""
    )
    return set(violated)
