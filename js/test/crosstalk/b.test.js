import { conflicts } from "./conflicts.js";

conflicts("b");
