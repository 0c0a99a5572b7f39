"""Why a score is what it is: reasons, what-if, what drives many scores, what people said of them."""
