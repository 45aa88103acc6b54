"""A browser without a window, told what to do over its own pipe: no port, no package."""

import json
import os
import select
import subprocess
import tempfile
import time

# Longer than any page here takes on a slow machine.
PATIENCE = 30


class Browser:
    """One browser with one page."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory()
        command_read, self.command = os.pipe()
        self.answers, answer_write = os.pipe()
        os.set_inheritable(command_read, True)
        os.set_inheritable(answer_write, True)
        # The browser reads from 3 and writes to 4.
        script = f'exec 3<&{command_read} 4>&{answer_write}; exec "$@"'
        words = [
            binary,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
            f"--user-data-dir={self.folder.name}",
            "about:blank",
        ]
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", *words],
            pass_fds=(command_read, answer_write),
            stderr=subprocess.DEVNULL,
        )
        os.close(command_read)
        os.close(answer_write)
        self.number = 0
        self.rest = b""
        self.events = []
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def call(self, method, **parameters):
        """Sends a command and gives its result; events are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.command, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError("the browser does not answer")
            self.rest += os.read(self.answers, 1 << 20)
        text, self.rest = self.rest.split(b"\0", 1)
        answer = json.loads(text)
        if "method" in answer:
            self.events.append((answer["method"], answer["params"]))
        return answer

    def happened(self, method):
        """What came of an event so far."""
        return [parameters for name, parameters in self.events if name == method]

    def open(self, path):
        """Opens a page anew and waits until it is there."""
        self.events.clear()
        self.call("Page.navigate", url=f"file://{path}")
        while not self.happened("Page.loadEventFired"):
            self.receive()

    def ask(self, expression):
        """The value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key, text=""):
        """Presses a key, as somebody at the keyboard does."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        code = codes.get(key, ord(key[0].upper()))
        common = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        """Writes where the focus is."""
        self.call("Input.insertText", text=text)

    def emulate(self, media="", **features):
        """Lets the page see another medium and other wishes."""
        wishes = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", media=media, features=wishes)

    def resize(self, width, height):
        """Gives the page a window of another size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
