"use strict";
(function () {
  var charts = [];

  // Charts: their options are data; what is said of a point is shown as text and never read as HTML.
  function tip(item) {
    var box = document.createElement("div");
    box.className = "tip";
    box.textContent = (item.data && item.data.said) || "";
    return box.textContent ? box : null;
  }
  function narrow(option, width) {
    if (option.yAxis && option.yAxis.type === "category") {
      option.yAxis.axisLabel.width = Math.min(330, Math.round(width * 0.42));
      option.yAxis.axisLabel.overflow = "break";
      option.yAxis.axisLabel.lineHeight = 13;
      option.yAxis.axisLabel.fontSize = width < 600 ? 10 : 12;
    }
  }
  function draw(box) {
    var told = JSON.parse(document.getElementById(box.id + "-data").textContent);
    if (told.outline) echarts.registerMap("district", told.outline);
    told.option.tooltip.formatter = tip;
    told.option.textStyle.fontFamily = getComputedStyle(document.body).fontFamily;
    narrow(told.option, box.clientWidth);
    told.tall = function (wide) {
      return told.aspect ? Math.max(260, Math.min(820, Math.round(wide * told.aspect) + 60)) : told.height;
    };
    box.style.height = told.tall(box.clientWidth) + "px";
    var chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption(told.option);
    chart.on("click", function (item) {
      if (!item.data || !item.data.to) return;
      location.hash = "#" + encodeURIComponent(item.data.to);
      opened();
    });
    framed(box);
    charts.push({ chart: chart, box: box, option: told.option, tall: told.tall });
    if (told.outline) zoomed(box, chart);
  }
  // A frame of its own lets the drawing be scaled as a whole on paper, whose width no script knows.
  function framed(box) {
    var svg = box.querySelector("svg");
    if (svg) svg.setAttribute("viewBox", "0 0 " + svg.getAttribute("width") + " " + svg.getAttribute("height"));
  }
  function zoomed(box, chart) {
    box.parentNode.querySelectorAll("button[data-zoom]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        chart.dispatchAction({
          type: "geoRoam", componentType: "geo", geoIndex: 0, zoom: Number(button.dataset.zoom),
          originX: box.clientWidth / 2, originY: box.clientHeight / 2
        });
      });
    });
  }
  function fit() {
    charts.forEach(function (one) {
      var wide = one.box.clientWidth;
      if (!wide) return;
      narrow(one.option, wide);
      if (one.option.yAxis) one.chart.setOption({ yAxis: one.option.yAxis });
      one.box.style.height = one.tall(wide) + "px";
      one.chart.resize({ width: wide, height: one.tall(wide) });
      framed(one.box);
    });
  }

  // Tables: a click on a head sorts, a field above filters.
  function amount(cell) {
    if (cell.dataset.key !== undefined) return Number(cell.dataset.key);
    var plain = cell.textContent.trim().replace(/,/g, "").replace(/−/g, "-").replace(/^[≤≥]\s*/, "");
    return /^[-+]?\d+(\.\d+)?(e[-+]?\d+)?(%|\s*\(|$)/i.test(plain) ? parseFloat(plain) : null;
  }
  function compared(column, up) {
    return function (one, other) {
      var a = one.cells[column], b = other.cells[column], x = amount(a), y = amount(b), found;
      if (x !== null && y !== null) found = x - y;
      else if (x !== null || y !== null) return x === null ? 1 : -1;
      else found = a.textContent.localeCompare(b.textContent, document.documentElement.lang);
      return (up ? found : -found) || one.dataset.place - other.dataset.place;
    };
  }
  function sortable(table) {
    var body = table.tBodies[0], heads = table.tHead.rows[0].cells;
    Array.prototype.forEach.call(body.rows, function (row, place) { row.dataset.place = place; });
    Array.prototype.forEach.call(heads, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        Array.prototype.forEach.call(heads, function (one) { one.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        Array.prototype.slice.call(body.rows).sort(compared(column, up)).forEach(function (row) { body.appendChild(row); });
      });
    });
  }
  function searchable(field) {
    var table = document.getElementById(field.dataset.table), count = field.parentNode.parentNode.querySelector("output");
    field.parentNode.parentNode.hidden = false;
    field.addEventListener("input", function () {
      var wanted = field.value.trim().toLowerCase().split(/\s+/), shown = 0;
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        var words = Array.prototype.map.call(row.cells, function (cell) { return cell.textContent; }).join(" ").toLowerCase();
        row.hidden = !wanted.every(function (word) { return words.indexOf(word) >= 0; });
        if (!row.hidden) shown += 1;
      });
      count.textContent = shown + " / " + table.tBodies[0].rows.length;
    });
  }

  // What is folded away is opened when something leads to it.
  function opened() {
    var target;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch (wrong) { return; }
    for (var up = target; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    if (target) {
      if (target.hidden) { target.hidden = false; }
      target.scrollIntoView();
    }
  }

  document.querySelectorAll("table.sort").forEach(sortable);
  document.querySelectorAll("input[data-table]").forEach(searchable);
  document.querySelectorAll("button[data-unfold]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () {
      document.querySelectorAll("details").forEach(function (one) { one.open = button.dataset.unfold === "yes"; });
    });
  });
  if (window.echarts) document.querySelectorAll("div.chart").forEach(draw);
  window.addEventListener("resize", function () { if (!window.matchMedia("print").matches) fit(); });
  window.addEventListener("hashchange", opened);
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) opened();
  });
  opened();
})();
