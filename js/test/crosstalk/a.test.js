import { conflicts } from "./conflicts.js";

conflicts("a");
