import { service } from "./service.ts";

export default service("web", "www.example.com");
