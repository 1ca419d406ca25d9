/* Settings page: the usual brokers as one choice over mode and port, and the test of another address. */
(function () {
  "use strict";
  var qt = window.qt;
  var MODE = "broker.mode", PORT = "broker.port", HOST = "broker.host";

  function choices() { return ((qt.model.fields || {})[MODE] || {}).choices || []; }
  function forced(key) { return ((qt.model.set || {})[key] || {}).lock; }

  /* The choice that mode and port amount to; no port means TWS' usual one. */
  function current() {
    var mode = qt.form.value(MODE), port = qt.form.value(PORT);
    var usual = { paper: 7497, live: 7496 };
    var found = choices().find(function (each) {
      return each[2] === mode && (mode === "simulated" ? port === null : (port === null ? usual[mode] : port) === each[3]);
    });
    return found ? found[0] : "custom";
  }

  function radio(value, label) {
    var holder = document.createElement("label"), input = document.createElement("input"), text = document.createElement("span");
    input.type = "radio";
    input.name = "qt-broker-choice";
    input.value = value;
    text.textContent = label;
    holder.className = "qt-choice";
    holder.append(input, text);
    input.addEventListener("change", function () { choose(value); });
    return holder;
  }

  function choose(value) {
    var choice = choices().find(function (each) { return each[0] === value; });
    if (!choice) {
      var box = document.getElementById("qt-f-broker-port");
      if (box) { box.focus(); }
      return;
    }
    qt.form.draft(MODE, choice[2]);
    qt.form.draft(PORT, choice[3] === null ? "" : String(choice[3]));
  }

  function paint() {
    document.querySelectorAll("[data-qt-choice]").forEach(function (holder) {
      if (!choices().length || qt.form.value(MODE) === undefined) { return; }
      if (!holder.firstChild) {
        holder.setAttribute("role", "radiogroup");
        holder.setAttribute("aria-label", "Broker");
        choices().forEach(function (each) { holder.appendChild(radio(each[0], each[1])); });
        holder.appendChild(radio("custom", "Custom"));
      }
      var now = current(), locked = !!(forced(MODE) || forced(PORT));
      holder.querySelectorAll("input").forEach(function (input) {
        if (input.checked !== (input.value === now)) { input.checked = input.value === now; }
        input.disabled = locked;
      });
    });
  }
  qt.form.onChange(paint);
  qt.onPart("set", paint);
  qt.onNodes(paint);

  /* ---- test connection ---- */
  function address() {
    var usual = { paper: 7497, live: 7496 }, port = qt.form.value(PORT);
    return { host: qt.form.value(HOST), port: port === null ? usual[qt.form.value(MODE)] : port };
  }

  function say(button, text, tone) {
    var said = button.parentNode.querySelector(".qt-probe-said");
    said.textContent = text;
    said.dataset.tone = tone;
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-qt-probe]");
    if (!button || button.disabled) { return; }
    if (qt.form.value(MODE) === "simulated" && qt.form.value(PORT) === null) {
      say(button, "The simulated gateway starts with the program; choose TWS or Gateway to test one.", "");
      return;
    }
    button.disabled = true;
    say(button, "asking …", "");
    qt.ask(button.dataset.qtProbe, Object.assign({ action: "probe" }, address()), function (result) {
      button.disabled = false;
      var first = Object.keys(result.errors)[0];
      say(button, (result.ok ? "✓ " : "✕ ") + (first ? result.errors[first] : result.text), result.ok ? "gain" : "loss");
    });
  });
})();
