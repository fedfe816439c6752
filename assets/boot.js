// Before the app is there: speaks the visitor's language, and says what keeps the app from starting. Written for browsers
// that are too old for the app.
(function () {
  var root = document.documentElement;
  root.setAttribute("data-boot", "");
  if (/^ko\b/i.test(navigator.language || "")) root.lang = "ko";

  // Causes, the surest first. What a policy blocks looks like a lost file, too, and a lost file like an old browser.
  var CAUSES = ["boot-policy", "boot-network", "boot-browser"];
  var shown = CAUSES.length;
  var blocked = false;

  function hide(id, hidden) {
    var element = document.getElementById(id);
    if (element) element.hidden = hidden;
    return element;
  }
  function isStarted() {
    return !document.getElementById("boot");
  }
  function stopped(cause) {
    var rank = CAUSES.indexOf(blocked ? "boot-policy" : cause);
    // Nothing is there to show it in once the app has started.
    if (rank >= shown || !hide(CAUSES[rank], false)) return;
    if (shown < CAUSES.length) hide(CAUSES[shown], true);
    hide("boot-slow", true);
    shown = rank;
  }
  function onceParsed(action) {
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", action);
    else action();
  }
  function files() {
    return [].slice.call(document.querySelectorAll("link[rel=modulepreload], link[rel=preload][as=fetch]"));
  }
  // An error does not say whether a file was missing: asks for them again.
  function findCause() {
    if (isStarted()) return;
    if (typeof fetch !== "function") return stopped("boot-browser");
    Promise.all(files().map(function (file) {
      return fetch(file.href).then(function (response) { if (!response.ok) throw response; });
    })).then(function () { stopped("boot-browser"); }, function () { stopped("boot-network"); });
  }
  function isLoaded(file) {
    return performance.getEntriesByName(file.href).some(function (entry) { return entry.responseEnd > 0; });
  }

  addEventListener("securitypolicyviolation", function (event) {
    // The page has no inline script of its own: one that was blocked is an extension's.
    if (event.disposition === "report" || event.blockedURI === "inline") return;
    blocked = true;
    if (shown < CAUSES.length) stopped("boot-policy");
  });
  addEventListener("error", function (event) {
    var isResource = event.target && event.target !== window;
    onceParsed(isResource ? function () { stopped("boot-network"); } : findCause);
  }, true);
  addEventListener("unhandledrejection", function () { onceParsed(findCause); });
  onceParsed(function () {
    if (typeof WebAssembly !== "object" || !("noModule" in document.createElement("script"))) stopped("boot-browser");
  });
  // Not once parsed: a script that does not arrive holds that up.
  setTimeout(function () { if (shown === CAUSES.length) hide("boot-slow", false); }, 8000);
  setTimeout(function () {
    if (isStarted()) return;
    if (files().length > 0 && files().every(isLoaded)) findCause();
    else stopped("boot-network");
  }, 15000);
})();
