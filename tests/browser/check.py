"""Judges reports as a browser shows them: safe, usable by keyboard, legible, and without a network."""

import sys

from chromium import Browser

# The text of a colour against what is behind it, as WCAG 2.2 (1.4.3) computes it: the least ratio.
CONTRAST = """
(() => {
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return numbers(getComputedStyle(document.documentElement).backgroundColor);
  };
  let worst = { ratio: 99 };
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect();
    if (!own || !box.width || element.closest("svg, script, .skip")) continue;
    const pair = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
    const [dark, bright] = pair.sort((a, b) => a - b);
    const ratio = (bright + 0.05) / (dark + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: element.outerHTML.slice(0, 200) };
  }
  return worst;
})()
"""

SHOWN = "[...document.querySelectorAll('.class')].filter((one) => !one.hidden).length"


def asks_for_nothing(browser, path):
    """No request but the one for the file, no complaint, and nobody's code."""
    browser.open(path)
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.ask("document.querySelectorAll('a, input, summary').forEach((one) => one.focus())")
    asked = [one["request"]["url"] for one in browser.happened("Network.requestWillBeSent")]
    assert asked == [f"file://{path}"], asked
    for event in ("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening"):
        assert not browser.happened(event), browser.happened(event)
    assert not browser.happened("Runtime.consoleAPICalled")


def lets_no_name_become_markup(browser, path):
    """The names are there to be read, and nothing else came of them."""
    browser.open(path)
    text = browser.ask("document.body.textContent")
    for name in ("<script>x()</script>", "<img src onerror=x()>", "{{ 7*7 }}{% x"):
        assert name in text, name
    assert browser.ask("document.scripts.length") == 1
    assert browser.ask("document.querySelectorAll('img, iframe, object, link, form').length") == 0
    attributes = "[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())"
    assert browser.ask(f"{attributes}.filter((name) => name.startsWith('on')).length") == 0


def unfolds_by_keyboard(browser, path):
    """Enter on what has the focus unfolds it, and folds it again."""
    browser.open(path)
    focused = "document.activeElement.matches('.class > summary')"
    for _ in range(200):
        browser.press("Tab")
        if browser.ask(focused):
            break
    assert browser.ask(focused), "no class can be reached"
    state = "document.activeElement.parentElement.open"
    before = browser.ask(state)
    browser.press("Enter", text="\r")
    assert browser.ask(state) is not before
    browser.press("Enter", text="\r")
    assert browser.ask(state) is before


def filters(browser, path):
    """A slash leads to the search, which hides what has not all of the words."""
    browser.open(path)
    all_of_them = browser.ask(SHOWN)
    assert all_of_them > 1
    browser.press("/", text="/")
    assert browser.ask("document.activeElement.id") == "search"
    assert browser.ask("document.activeElement.value") == ""
    browser.type("ALICE example")
    some = browser.ask(SHOWN)
    assert 0 < some < all_of_them, (some, all_of_them)
    assert browser.ask("document.getElementById('found').textContent") == f"{some} of {all_of_them}"
    browser.type(" nobody-at-all")
    assert browser.ask(SHOWN) == 0
    browser.press("Escape")
    assert browser.ask(SHOWN) == all_of_them
    browser.ask("document.getElementById('unfold').click()")
    closed = "document.querySelectorAll('.class:not([open])').length"
    assert browser.ask(closed) == 0
    browser.ask("document.getElementById('fold').click()")
    assert browser.ask(closed) == all_of_them


def leads_from_findings_to_classes(browser, path):
    """Whoever follows a finding sees the class, unfolded."""
    browser.open(path)
    browser.ask("document.getElementById('fold').click()")
    browser.ask("document.querySelector('tbody a[href^=\"#\"]').click()")
    browser.ask("new Promise((done) => setTimeout(done, 50))")
    target = "document.getElementById(decodeURIComponent(location.hash.slice(1)))"
    assert browser.ask(f"{target}.closest('details').open")


def reads_without_its_script(browser, path):
    """All is there, and unfolds, where scripts are forbidden."""
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(path)
    document = browser.call("DOM.getDocument")["root"]["nodeId"]
    html = browser.call("DOM.getOuterHTML", nodeId=document)["outerHTML"]
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    tools = html[html.index('class="tools"') :]
    assert tools[: tools.index(">")].rstrip('"=').endswith("hidden"), "it offers what does not work"
    assert "alice@example.org" in html


def is_legible(browser, path):
    """Every text stands out from its background, in the light and in the dark."""
    for scheme in ("light", "dark"):
        browser.emulate(prefers_color_scheme=scheme)
        browser.open(path)
        browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        worst = browser.ask(CONTRAST)
        assert worst["ratio"] >= 4.5, (scheme, worst)
    dark = browser.ask("getComputedStyle(document.body).backgroundColor")
    browser.emulate(prefers_color_scheme="light")
    browser.open(path)
    assert browser.ask("getComputedStyle(document.body).backgroundColor") != dark


def fits_a_narrow_window(browser, path):
    """On a phone, only tables and drawings are wider than the window."""
    browser.resize(390, 800)
    browser.open(path)
    browser.ask("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    wide, window = browser.ask("[document.documentElement.scrollWidth, innerWidth]")
    browser.resize(1280, 900)
    assert wide <= window, (wide, window)


def prints(browser, path):
    """On paper there is nothing to press, and everything that is folded on the screen."""
    browser.emulate("print")
    browser.open(path)
    assert browser.ask("getComputedStyle(document.querySelector('.tools')).display") == "none"
    browser.emulate()
    browser.open(path)
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    assert browser.ask("document.querySelectorAll('.class:not([open])').length") == 0


CHECKS = (
    asks_for_nothing,
    lets_no_name_become_markup,
    unfolds_by_keyboard,
    filters,
    leads_from_findings_to_classes,
    reads_without_its_script,
    is_legible,
    fits_a_narrow_window,
    prints,
)


def main(binary, paths):
    failed = 0
    browser = Browser(binary)
    try:
        for path in paths:
            for check in CHECKS:
                name = f"{path.rsplit('/', 1)[-1]} {check.__name__}"
                try:
                    check(browser, path)
                    print(f"PASS {name}")
                except AssertionError as error:
                    failed += 1
                    print(f"FAIL {name}: {error}")
    finally:
        browser.close()
    all_of_them = len(paths) * len(CHECKS)
    print(f"browser: {all_of_them} tests run: {all_of_them - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
