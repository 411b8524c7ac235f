using SplitActors.Actors.Links;

namespace SplitActors.Hosts.Cli;

/// <summary>An emulated link after a session.</summary>
/// <param name="Text">As it was asked for.</param>
/// <param name="Up">What the device sent.</param>
/// <param name="Down">What it received.</param>
/// <param name="Observation">What the device measured; null if nothing was answered.</param>
internal sealed record RunLink(string Text, LinkTraffic Up, LinkTraffic Down, LinkObservation? Observation);
