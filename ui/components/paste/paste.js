const UPLOADER = '[data-testid="stFileUploaderDropzoneInput"]';
const OPENER = '[data-testid="stPopover"] button';
const PATIENCE = 40; // tries, 50 ms apart, for the uploader to appear

function hand(files, tries = PATIENCE) {
  const input = document.querySelector(UPLOADER);
  if (!input) {
    if (tries === PATIENCE) document.querySelector(OPENER)?.click(); // where the uploader is folded away
    if (tries) setTimeout(() => hand(files, tries - 1), 50);
    return;
  }
  const carrier = new DataTransfer();
  carrier.items.add(files[0]);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

class Paste {
  constructor() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    const take = (event, files) => {
      if (!files?.length) return;
      event.preventDefault();
      hand([...files]);
    };
    document.addEventListener("paste", (event) => take(event, event.clipboardData?.files), { signal });
    document.addEventListener("dragover", (event) => event.preventDefault(), { signal });
    document.addEventListener("drop", (event) => {
      if (!event.target.closest?.('[data-testid="stFileUploaderDropzone"]')) take(event, event.dataTransfer?.files);
    }, { signal });
  }

  show() {}

  close() {
    this.listening.abort();
  }
}

export default (mount) => viewOf(Paste, mount);
