"""How quoted letters are told from new words: lines, their kinds, and the marks of mail clients."""
