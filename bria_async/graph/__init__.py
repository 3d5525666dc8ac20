"""Tasks as data, their journal, and the protocol that makes an effect happen once. Knows no Bria."""
