import { conflicts } from "./conflicts.js";

conflicts("c");
