// The chart of the first screen, and sub-lines that fold away. The table beside the chart holds the numbers;
// without this file the page lacks only the picture.
"use strict";

(() => {
  // Ink for what was arranged, darker as the money comes nearer to its end, red for what was spent: the series
  // differ in lightness, so they can be told apart in grey too.
  const COLOURS = { arranged: "#c9cdd2", allocated: "#8d949c", disbursed: "#434a52", spent: "#a3201a" };
  const INK = "#1f2328";
  const LINE = "#d9dce0";
  const NARROW = 600;

  function wrapped(name, every) {
    const lines = [];
    for (let at = 0; at < name.length; at += every) lines.push(name.slice(at, at + every));
    return lines.join("\n");
  }

  function option(data, narrow, still) {
    return {
      animation: !still,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: INK },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 10, textStyle: { color: INK } },
      grid: { top: 36, left: narrow ? 92 : 176, right: narrow ? 12 : 64, bottom: 24 },
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow" },
        renderMode: "richText", // the HTML one writes style attributes, which the policy refuses
        formatter: (found) =>
          [found[0].axisValue.replace(/\n/g, ""), ...found.map((one) => `${one.seriesName}  ${one.data.text} ${data.unit}`)].join("\n"),
      },
      xAxis: { type: "value", axisLabel: { color: INK }, splitLine: { lineStyle: { color: LINE } } },
      yAxis: {
        type: "category",
        inverse: true,
        data: data.names.map((name) => wrapped(name, narrow ? 6 : 11)),
        axisTick: { show: false },
        axisLabel: { color: INK, lineHeight: 16 },
        axisLine: { lineStyle: { color: LINE } },
      },
      series: data.series.map((one) => ({
        name: one.name,
        type: "bar",
        barMaxWidth: 12,
        barGap: "10%",
        itemStyle: { color: COLOURS[one.stage] },
        cursor: "pointer",
        label: { show: !narrow, position: "right", color: INK, fontSize: 11, formatter: (bar) => bar.data.text },
        data: one.points,
      })),
    };
  }

  function draw(place) {
    const source = document.getElementById(place.dataset.chart);
    if (!source || !window.echarts) {
      place.closest("figure").hidden = true;
      return;
    }
    const data = JSON.parse(source.textContent);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    place.classList.add(`chart-lines-${Math.min(data.names.length, 8)}`);
    const chart = window.echarts.init(place);
    let narrow = place.clientWidth < NARROW;
    chart.setOption(option(data, narrow, still));
    chart.on("click", (bar) => {
      if (bar.data && bar.data.url) window.location.assign(bar.data.url);
    });
    new ResizeObserver(() => {
      chart.resize();
      if (place.clientWidth < NARROW !== narrow) {
        narrow = !narrow;
        chart.setOption(option(data, narrow, true), true);
      }
    }).observe(place);
  }

  function fold(button) {
    const rows = button.closest("tbody").querySelectorAll(".subline");
    const set = (open) => {
      button.setAttribute("aria-expanded", String(open));
      rows.forEach((row) => { row.hidden = !open; });
    };
    button.hidden = false;
    set(false);
    button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-chart]").forEach(draw);
    document.querySelectorAll("[data-sublines]").forEach(fold);
  });
})();
