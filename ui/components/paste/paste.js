const UPLOADER = '[data-testid="stFileUploaderDropzoneInput"]';
const ZONE = '[data-testid="stFileUploaderDropzone"]';
const KEYED = '[class*="st-key-upload_"]';
const OPENER = '[data-testid="stPopover"] button';
const PATIENCE = 40; // tries, 50 ms apart, for the uploader to appear
const PICTURE = "image/*"; // a kind that the uploader lets pass

function hand(files, tries = PATIENCE) {
  const input = document.querySelector(UPLOADER);
  if (!input) {
    if (tries === PATIENCE) document.querySelector(OPENER)?.click(); // where the uploader is folded away
    if (tries) setTimeout(() => hand(files, tries - 1), 50);
    return;
  }
  input.files = holding(files[0]);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function holding(file) {
  const carrier = new DataTransfer();
  carrier.items.add(file);
  return carrier.files;
}

class Paste {
  constructor(parent) {
    this.sign = element("div", { class: "drop hidden", text: "Drop the picture" });
    parent.append(this.sign);
    this.listening = new AbortController();
    const { signal } = this.listening;
    const take = (event, files) => {
      if (!files?.length) return;
      event.preventDefault();
      if (!this.refuses(files[0])) hand([...files]);
    };
    document.addEventListener("paste", (event) => take(event, event.clipboardData?.files), { signal });
    const tell = (carried) => this.sign.classList.toggle("hidden", !carried);
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      tell(event.dataTransfer?.types.includes("Files"));
    }, { signal });
    document.addEventListener("dragleave", (event) => event.relatedTarget || tell(false), { signal });
    document.addEventListener("drop", (event) => {
      tell(false);
      const file = event.dataTransfer?.files[0];
      if (!event.target.closest?.(ZONE)) take(event, event.dataTransfer?.files);
      else if (file && (file.size > this.most || !file.type.startsWith("image/"))) {
        event.stopPropagation();
        event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
        take(event, event.dataTransfer.files);
      }
    }, { signal, capture: true });
    document.addEventListener("change", (event) => this.chosen(event), { signal, capture: true });
  }

  show({ most }) {
    this.most = most;
  }

  chosen(event) {
    const input = event.target, [file] = input.files ?? [];
    if (!file || !input.matches(UPLOADER)) return;
    if (this.refuses(file, input)) event.stopImmediatePropagation();
    else if (!file.type.startsWith("image/")) input.files = holding(new File([file], file.name, { type: PICTURE }));
  }

  // A file larger than the server takes is not sent. input: of the uploader that it is meant for, if one is open.
  refuses({ size }, input = document.querySelector(UPLOADER)) {
    const uploader = input?.closest(KEYED)?.className.match(/st-key-(upload_\w+)/)[1] ?? "";
    if (size > this.most) this.trigger("large", { size, uploader });
    return size > this.most;
  }

  close() {
    this.listening.abort();
  }
}

export default (mount) => viewOf(Paste, mount);
