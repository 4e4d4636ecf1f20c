"""The app's Streamlit side: state, the frame of every page, parts and components. Nothing here computes."""
