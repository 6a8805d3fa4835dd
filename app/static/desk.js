// Conveniences. Every page does all of its work without them.
"use strict";
