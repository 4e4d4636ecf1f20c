const UPLOADER = '[data-testid="stFileUploaderDropzoneInput"]';

function hand(files) {
  const input = document.querySelector(UPLOADER);
  const picture = [...(files ?? [])][0];
  if (!input || !picture) return false;
  const carrier = new DataTransfer();
  carrier.items.add(picture);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

class Paste {
  constructor() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    document.addEventListener("paste", (event) => { if (hand(event.clipboardData?.files)) event.preventDefault(); }, { signal });
    document.addEventListener("dragover", (event) => event.preventDefault(), { signal });
    document.addEventListener("drop", (event) => {
      const overUploader = event.target.closest?.('[data-testid="stFileUploaderDropzone"]');
      if (!overUploader && hand(event.dataTransfer?.files)) event.preventDefault();
    }, { signal });
  }

  show() {}

  close() {
    this.listening.abort();
  }
}

export default (mount) => viewOf(Paste, mount);
