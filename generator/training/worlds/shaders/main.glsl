void main() {
    vec2 at = gl_FragCoord.xy + uJitter;
    vec2 view = vec2((at.x - 0.5 * uResolution.x) / uResolution.y, at.y / uResolution.y - HORIZON);
    float depth_m = 1e4;
    vec3 color = world(view, depth_m);
    if (any(isnan(color)) || any(isinf(color))) color = vec3(0.0);
    outColor = vec4(clamp(color, 0.0, 60.0), depth_m);
}
