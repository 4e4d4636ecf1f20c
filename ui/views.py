"""The views of "Why this answer?": their names in links, and their titles."""

VIEWS = {
    "evidence": "Evidence",
    "switches": "Switch channels off",
    "gradients": "Gradient maps",
    "pixels": "Trace to pixels",
    "occlusion": "Cover a part",
    "change": "What if",
    "photos": "Two photos",
}
