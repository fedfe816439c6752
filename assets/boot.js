// Runs before the app: sets the user's language and theme, and shows why the app does not start. The syntax is old, so that it
// also runs in browsers that are too old for the app.
(function () {
  var root = document.documentElement;
  root.setAttribute("data-boot", "");
  if (/^ko\b/i.test(stored("language") || navigator.language || "")) root.lang = "ko";
  // As the app does (src/ui/theme.rs), before anything is drawn.
  var theme = stored("theme");
  if (theme === "light" || theme === "dark") {
    root.setAttribute("data-theme", theme);
    [].forEach.call(document.querySelectorAll("meta[name=theme-color]"), function (meta) {
      meta.content = theme === "dark" ? "#0c1210" : "#f3f3ee";
    });
  }

  // Throws where storage is blocked.
  function stored(key) {
    try { return localStorage.getItem("vitrine." + key); } catch (_) { return null; }
  }

  // Causes, the most certain first. A blocked file also looks like a missing one, and a missing file like an old
  // browser.
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
    // Once the app has started, the element is gone.
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
  // The error does not say whether a file is missing, so fetch the files again.
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
    // The page has no inline script, so a blocked one belongs to an extension.
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
  // Do not wait for the parser: a script that does not arrive blocks it.
  setTimeout(function () { if (shown === CAUSES.length) hide("boot-slow", false); }, 8000);
  setTimeout(function () {
    if (isStarted()) return;
    if (files().length > 0 && files().every(isLoaded)) findCause();
    else stopped("boot-network");
  }, 15000);
})();
