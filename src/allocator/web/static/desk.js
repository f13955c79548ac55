"use strict";
// The map of the form of closures: a click leads to the school's choice; a school that closes is hollow.
(() => {
  const place = document.getElementById("map");
  if (!place) return;
  const schools = JSON.parse(place.dataset.schools).filter((one) => Number.isFinite(one.lat) && Number.isFinite(one.lon));
  if (!schools.length) return;
  const name = "http://www.w3.org/2000/svg";
  const lats = schools.map((one) => one.lat), lons = schools.map((one) => one.lon);
  const bend = Math.cos((lats.reduce((a, b) => a + b, 0) / lats.length) * Math.PI / 180);
  const west = Math.min(...lons), north = Math.max(...lats);
  const wide = Math.max((Math.max(...lons) - west) * bend, 0.01), high = Math.max(north - Math.min(...lats), 0.01);
  const scale = 900 / Math.max(wide, high * 2);
  const svg = document.createElementNS(name, "svg");
  svg.setAttribute("viewBox", `-20 -20 ${wide * scale + 160} ${high * scale + 40}`);
  svg.setAttribute("role", "group");
  for (const one of schools) {
    const choice = document.querySelector(`select[name="closure:${CSS.escape(one.id)}"]`);
    const x = (one.lon - west) * bend * scale, y = (north - one.lat) * scale;
    const dot = document.createElementNS(name, "circle");
    const label = document.createElementNS(name, "text");
    dot.setAttribute("cx", x); dot.setAttribute("cy", y); dot.setAttribute("r", 7);
    dot.setAttribute("stroke", "#1f5a9e"); dot.setAttribute("stroke-width", 2);
    label.setAttribute("x", x + 10); label.setAttribute("y", y + 4); label.setAttribute("font-size", 11);
    label.textContent = one.name || one.id;
    const shown = () => dot.setAttribute("fill", choice && choice.value ? "#fff" : "#1f5a9e");
    shown();
    if (choice) {
      choice.addEventListener("change", shown);
      dot.setAttribute("tabindex", "0"); dot.setAttribute("role", "button"); dot.setAttribute("aria-label", one.name || one.id);
      const go = () => { choice.scrollIntoView({ block: "center" }); choice.focus(); };
      dot.addEventListener("click", go);
      dot.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(); } });
    }
    svg.append(dot, label);
  }
  place.append(svg);
})();
