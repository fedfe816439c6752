// Before the app is there: speaks the visitor's language, and says so when the app cannot start.
(function () {
  var root = document.documentElement;
  if (/^ko\b/i.test(navigator.language || "")) root.lang = "ko";
  function show(id) {
    var element = document.getElementById(id);
    if (element && document.getElementById("boot")) element.hidden = false;
  }
  function failed() {
    show("boot-failed");
  }
  addEventListener("error", failed, true);
  addEventListener("unhandledrejection", failed);
  addEventListener("DOMContentLoaded", function () {
    if (typeof WebAssembly !== "object" || !("noModule" in document.createElement("script"))) failed();
    setTimeout(function () { show("boot-slow"); }, 8000);
  });
})();
