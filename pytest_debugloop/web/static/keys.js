// Keys for lists: everything works without them.
(function () {
  "use strict";
  var rows = Array.prototype.slice.call(document.querySelectorAll(".row"));
  var at = -1;
  document.documentElement.classList.add("has-keys");
  function go(step) {
    if (!rows.length) { return; }
    if (at >= 0) { rows[at].classList.remove("current"); }
    at = Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[at].classList.add("current");
    rows[at].scrollIntoView({ block: "nearest" });
    var link = rows[at].querySelector("a");
    if (link) { link.focus({ preventScroll: true }); }
  }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) { return; }
    if (event.key === "j") { go(1); }
    else if (event.key === "k") { go(-1); }
    else if (event.key === "/") { document.getElementById("search").focus(); event.preventDefault(); }
    else if (event.key === "?") { document.querySelector(".keys").scrollIntoView(); }
  });
})();
