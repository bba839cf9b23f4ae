// Puts the BPMN model of a page into a viewer that pans and zooms, with the same live tokens as the drawing it replaces.
// When anything fails, the drawing made by the server simply stays.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

async function upgrade(frame) {
  const answer = await fetch(frame.dataset.bpmn, { credentials: "same-origin" });
  if (!answer.ok) return;
  const xml = await answer.text();
  const drawing = frame.querySelector("svg");
  const stage = document.createElement("div");
  stage.className = "sf-stage";
  frame.append(stage);
  frame.classList.add("sf-live");
  drawing.hidden = true;
  drawing.classList.add("sf-hidden");
  const viewer = new NavigatedViewer({ container: stage });
  try {
    await viewer.importXML(xml);
    const canvas = viewer.get("canvas");
    const overlays = viewer.get("overlays");
    const registry = viewer.get("elementRegistry");
    for (const id of JSON.parse(frame.dataset.done)) {
      if (registry.get(id)) canvas.addMarker(id, "sf-done");
    }
    for (const [id, count] of Object.entries(JSON.parse(frame.dataset.tokens))) {
      if (!registry.get(id) || count < 1) continue;
      canvas.addMarker(id, "sf-active");
      const badge = document.createElement("div");
      badge.className = "sf-token";
      badge.textContent = String(count);
      overlays.add(id, "tokens", { position: { top: -11, right: 11 }, html: badge });
    }
    canvas.zoom("fit-viewport", "auto");
    // On a small screen the whole model would be too small to read: show the part where the work is.
    const live = Object.keys(JSON.parse(frame.dataset.tokens)).find((id) => registry.get(id));
    if (live && canvas.zoom() < 0.5) {
      canvas.zoom(0.8);
      canvas.scrollToElement(live, 80);
    }
    frame.dataset.ready = "1";
  } catch {
    viewer.destroy();
    stage.remove();
    frame.classList.remove("sf-live");
    drawing.hidden = false;
    drawing.classList.remove("sf-hidden");
  }
}

for (const frame of document.querySelectorAll("[data-bpmn]")) upgrade(frame);
