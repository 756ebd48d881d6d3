"""What a person meets: the only code of lrlab that imports streamlit."""
