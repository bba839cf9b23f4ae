// The map of structures: the list of the page drawn on the borders of municipalities. No tiles, nothing from elsewhere. Without
// scripts, and for who hears the page, the list says the same.
import { canvas, circleMarker, control, geoJSON, latLngBounds, map as makeMap } from "leaflet/dist/leaflet-src.esm.js";

const frame = document.querySelector("[data-map]");
const items = [...document.querySelectorAll("[data-lat]")];

/** Those at one same point (the centre of a municipality) stand around it, so that each can be seen. */
function spread(rows) {
  const seen = new Map();
  return rows.map((row) => {
    const key = `${row.dataset.lat},${row.dataset.lon}`;
    const n = seen.get(key) ?? 0;
    seen.set(key, n + 1);
    const [turn, far] = [n * 2.4, 0.0022 * Math.sqrt(n)];
    return { row, at: [Number(row.dataset.lat) + far * Math.sin(turn), Number(row.dataset.lon) + (far * Math.cos(turn)) / 0.76] };
  });
}

function popup(row) {
  const box = document.createElement("div");
  const link = document.createElement("a");
  link.href = row.dataset.href;
  link.textContent = row.dataset.name;
  const words = document.createElement("p");
  words.textContent = row.dataset.words;
  box.append(link, words);
  return box;
}

async function draw() {
  frame.hidden = false;
  const view = makeMap(frame, { zoomControl: false, attributionControl: true, preferCanvas: true, minZoom: 7, maxZoom: 16 });
  view.attributionControl.setPrefix(false);
  control.zoom({ zoomInTitle: frame.dataset.zoomIn, zoomOutTitle: frame.dataset.zoomOut }).addTo(view);
  view.fitBounds([[40, 13.75], [41.5, 15.8]]);
  const markers = new Map();
  const places = spread(items);
  for (const { row, at } of places) {
    const colour = { "sf-open": "#007a52", "sf-closed": "#b3273b" }[row.dataset.colour] ?? "#0066cc";
    const marker = circleMarker(at, { radius: 8, weight: 2, color: "#fff", fillColor: colour, fillOpacity: 0.95 }).addTo(view);
    marker.bindPopup(() => popup(row));
    markers.set(row, marker);
  }
  const near = frame.dataset.near?.split(",").map(Number);
  if (near?.length === 2) circleMarker(near, { radius: 6, color: "#17324d", fillColor: "#ffd400", fillOpacity: 1 }).addTo(view);
  if (places.length > 0) {
    const shown = near?.length === 2 ? [near, ...places.slice(0, 12).map((p) => p.at)] : places.map((p) => p.at);
    view.fitBounds(latLngBounds(shown).pad(0.1), { maxZoom: 13 });
  }
  for (const [row, marker] of markers) {
    const button = row.querySelector("[data-show]");
    if (!button) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      frame.scrollIntoView({ block: "nearest" });
      view.setView(marker.getLatLng(), Math.max(view.getZoom(), 12), { animate: false });
      marker.openPopup();
    });
  }
  const chosen = items.find((row) => row.dataset.chosen === "1");
  if (chosen) {
    view.setView(markers.get(chosen).getLatLng(), 13, { animate: false });
    markers.get(chosen).openPopup();
  }
  const answer = await fetch(frame.dataset.borders).catch(() => undefined);
  if (!answer?.ok) return;
  const style = { color: "#5a768a", weight: 0.8, fillColor: "#eaf0f5", fillOpacity: 0.7 };
  const borders = geoJSON(await answer.json(), { style, interactive: false, renderer: canvas({ padding: 0.5 }), attribution: frame.dataset.credit });
  borders.addTo(view).bringToBack();
  for (const marker of markers.values()) marker.bringToFront();
  frame.dataset.ready = "1";
}

if (frame) draw();

// <button data-here>: near where one is, if one lets the page know. The position goes into the address only as exact as a street.
const here = document.querySelector("[data-here]");
if (here && navigator.geolocation) {
  here.hidden = false;
  here.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        here.form.elements.qui.value = `${coords.latitude.toFixed(3)},${coords.longitude.toFixed(3)}`;
        here.form.requestSubmit();
      },
      () => (document.querySelector("[data-here-failed]").hidden = false),
    );
  });
}
