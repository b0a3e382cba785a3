from taxes import tax as tax
