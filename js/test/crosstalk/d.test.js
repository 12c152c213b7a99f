import { conflicts } from "./conflicts.js";

conflicts("d");
